import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { parsePublicKey, readBlob } from '../../../src/transport/key.ts'
import { makeToken, strings } from '../../helpers/token-agent.ts'

const data = Buffer.from('what is signed')

for (const type of ['ed25519', 'ecdsa'] as const)
  t.test(`a token's ${type} key`, async (t) => {
    const token = await makeToken(t, t.testdir(), type)
    const line = readFileSync(`${token.file}.pub`, 'utf8')
    const { algorithm, blob, fingerprint } = parsePublicKey(line)
    t.equal(
      fingerprint,
      execFileSync('ssh-keygen', ['-l', '-f', `${token.file}.pub`], { encoding: 'utf8' }).split(' ')[1],
    )
    const { verify } = readBlob(algorithm, blob)
    // As ssh2 hands it on: without its type and the length of its first part.
    const made = () => token.signature(data).subarray(4 + algorithm.length + 4)
    const good = made()
    t.ok(verify(data, good, undefined))
    t.notOk(verify(Buffer.from('other'), good, undefined), 'of something else')
    for (let at = 0; at < good.length; at++) {
      const changed = Buffer.from(good)
      changed[at] = (changed[at] ?? 0) ^ 0x80
      t.notOk(verify(data, changed, undefined), `byte ${at} is another`)
    }
    for (let end = 0; end < good.length; end++) t.notOk(verify(data, good.subarray(0, end), undefined), `${end} bytes`)
    t.notOk(verify(data, Buffer.concat([good, Buffer.from([0])]), undefined), 'one byte more')
    token.touched = false
    t.notOk(verify(data, made(), undefined), 'nobody touched the token')
    const other = await makeToken(t, t.testdir({ other: {} }), type)
    t.notOk(verify(data, other.signature(data).subarray(4 + algorithm.length + 4), undefined), 'of another token')
  })

t.test('what is no key of a token is refused', async (t) => {
  const ed25519 = 'sk-ssh-ed25519@openssh.com'
  const ecdsa = 'sk-ecdsa-sha2-nistp256@openssh.com'
  const point = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 7)])
  const blobs: [string, Buffer][] = [
    [ed25519, Buffer.alloc(0)],
    [ed25519, strings(ed25519, Buffer.alloc(31), 'ssh:')],
    [ed25519, strings(ed25519, Buffer.alloc(32))],
    [ed25519, strings(ed25519, Buffer.alloc(32), 'ssh:', 'more')],
    [ed25519, strings('ssh-ed25519', Buffer.alloc(32), 'ssh:')],
    [ed25519, Buffer.concat([strings(ed25519, Buffer.alloc(32), 'ssh:'), Buffer.from([0])])],
    [ed25519, Buffer.concat([strings(ed25519), Buffer.from([255, 255, 255, 255])])],
    [ecdsa, strings(ecdsa, 'nistp256', point, 'ssh:')],
    [ecdsa, strings(ecdsa, 'nistp384', point, 'ssh:')],
    [ecdsa, strings(ecdsa, 'nistp256', Buffer.concat([Buffer.from([2]), Buffer.alloc(32, 7)]), 'ssh:')],
  ]
  for (const [type, blob] of blobs) t.throws(() => readBlob(type, blob), { message: /damaged/ }, blob.toString('hex'))
})
