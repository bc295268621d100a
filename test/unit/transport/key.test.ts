import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fingerprintOf, generateHostKey, parsePublicKey, publicHalf } from '../../../src/transport/key.ts'

const keygen = (...args: string[]) => execFileSync('ssh-keygen', args, { encoding: 'utf8' })
const dir = t.testdir()
const made = (name: string, ...type: string[]) => {
  const file = join(dir, name)
  keygen('-q', '-N', '', '-C', 'alice at work', '-f', file, '-t', ...type)
  return readFileSync(`${file}.pub`, 'utf8')
}
const ed25519 = made('ed25519', 'ed25519')

t.test('keys that ssh-keygen makes are read, with the fingerprint that it prints', async (t) => {
  const lines: [string, string][] = [
    ['ed25519', ed25519],
    ['rsa', made('rsa', 'rsa', '-b', '2048')],
    ['ecdsa256', made('ecdsa256', 'ecdsa', '-b', '256')],
    ['ecdsa384', made('ecdsa384', 'ecdsa', '-b', '384')],
    ['ecdsa521', made('ecdsa521', 'ecdsa', '-b', '521')],
  ]
  for (const [name, line] of lines) {
    const key = parsePublicKey(line)
    t.equal(key.fingerprint, keygen('-l', '-f', join(dir, `${name}.pub`)).split(' ')[1], name)
    t.equal(key.algorithm, line.split(' ')[0])
    t.equal(key.comment, 'alice at work')
    t.equal(key.blob.toString('base64'), line.split(' ')[1])
  }
})

t.test('what is no usable public key is refused with one sentence', async (t) => {
  const [type, base64] = ed25519.split(' ') as [string, string]
  const blob = Buffer.from(base64, 'base64')
  const lines: [string, RegExp][] = [
    ['', /empty/],
    ['hello', /type base64/],
    [`command="id" ${ed25519}`, /options/],
    [`no-pty ${ed25519}`, /options/],
    [type, /base64/],
    [`${type} !!!!`, /base64/],
    [`${type} ${base64.slice(0, 40)}`, /damaged/],
    [`${type} ${Buffer.concat([blob, Buffer.from('more')]).toString('base64')}`, /damaged/],
    [`ssh-rsa ${base64}`, /damaged/],
    [`${type} ${base64} a\nb`, /control/],
    [`${type} ${base64} \u001b[2J`, /control/],
    [`ssh-dss ${base64}`, /DSA/],
    [`sk-ssh-ed25519@openssh.com ${base64}`, /damaged/],
    [`ssh-ed25519-cert-v01@openssh.com ${base64}`, /Certificates/],
    [readFileSync(join(dir, 'ed25519'), 'utf8'), /private key/],
    [made('rsa1024', 'rsa', '-b', '1024'), /2048 bits/],
  ]
  for (const [line, why] of lines) {
    t.throws(() => parsePublicKey(line), { name: 'KeyError', message: why }, line.slice(0, 40))
  }
})

t.test('a generated host key is one that OpenSSH reads', async (t) => {
  const key = generateHostKey()
  const { host } = { host: t.testdir({ host: key.privateKey }) }
  execFileSync('chmod', ['600', join(host, 'host')])
  t.equal(keygen('-y', '-f', join(host, 'host')).trim().split(' ').slice(0, 2).join(' '), key.publicKey)
  t.equal(parsePublicKey(key.publicKey).fingerprint, key.fingerprint)
  t.strictSame(publicHalf(key.privateKey), { publicKey: key.publicKey, fingerprint: key.fingerprint })
  t.throws(() => publicHalf('nonsense'), { name: 'KeyError' })
  t.match(fingerprintOf(Buffer.from('x')), /^SHA256:[A-Za-z0-9+/]{43}$/)
})

t.test('a host key that is made can be read, each time', async (t) => {
  for (let n = 0; n < 500; n++) generateHostKey()
  t.match(generateHostKey().publicKey, /^ssh-ed25519 AAAA/)
})
