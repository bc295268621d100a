// A security token in software, behind an ssh-agent (draft-ietf-sshm-ssh-agent): OpenSSH's own client asks it as it asks one that holds a
// token's key, and there is no token in a test's machine. Signs as OpenSSH's PROTOCOL.u2f says, untouched where that is wanted.
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Ending } from './temp-dir.ts'

export interface Token {
  /** There is only its `.pub`, which `ssh -i` names. */
  readonly file: string
  /** The agent's socket. */
  readonly agent: string
  /** Whether somebody touches the token while it signs. */
  touched: boolean
  /** Signs as the token does, without the agent. */
  signature(data: Buffer): Buffer
}

const application = 'ssh:'
const [IDENTITIES, IDENTITIES_ANSWER, SIGN, SIGN_RESPONSE] = [11, 12, 13, 14]

/** Makes a token of a type (`ssh -Q key`) and its agent. */
export async function makeToken(t: Ending, directory: string, type: 'ed25519' | 'ecdsa'): Promise<Token> {
  const ed25519 = type === 'ed25519'
  const name = ed25519 ? 'sk-ssh-ed25519@openssh.com' : 'sk-ecdsa-sha2-nistp256@openssh.com'
  const pair = ed25519 ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = pair.publicKey.export({ format: 'jwk' })
  const [left, right] = [x, y].map((half) => Buffer.from(half, 'base64url')) as [Buffer, Buffer]
  const point = ed25519 ? [left] : ['nistp256', Buffer.concat([Buffer.from([4]), left, right])]
  const blob = strings(name, ...point, application)
  const file = join(directory, `token-${type}`)
  writeFileSync(`${file}.pub`, `${name} ${blob.toString('base64')} token-${type}\n`)

  const signature: Token['signature'] = (data) => {
    const counted = Buffer.from([token.touched ? 1 : 0, 0, 0, 0, 7])
    const signed = Buffer.concat([sha256(Buffer.from(application)), counted, sha256(data)])
    if (ed25519) return Buffer.concat([strings(name, sign(null, signed, pair.privateKey)), counted])
    const both = sign('sha256', signed, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' })
    const numbers = strings(mpint(both.subarray(0, 32)), mpint(both.subarray(32)))
    return Buffer.concat([strings(name, numbers), counted])
  }
  const answer = (question: Buffer): Buffer => {
    if (question[0] === IDENTITIES)
      return Buffer.concat([Buffer.from([IDENTITIES_ANSWER, 0, 0, 0, 1]), strings(blob, 'a token')])
    if (question[0] !== SIGN) return Buffer.from([5])
    const at = 5 + question.readUInt32BE(1)
    return Buffer.concat([
      Buffer.from([SIGN_RESPONSE]),
      strings(signature(question.subarray(at + 4, at + 4 + question.readUInt32BE(at)))),
    ])
  }
  const server = createServer((socket) => serve(socket, answer))
  const agent = join(directory, `agent-${type}`)
  await new Promise<void>((resolve) => server.listen(agent, resolve))
  t.teardown(() => server.close())
  const token: Token = { file, agent, touched: true, signature }
  return token
}

function serve(socket: Socket, answer: (question: Buffer) => Buffer): void {
  let bytes = Buffer.alloc(0)
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    while (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32BE(0)) {
      const end = 4 + bytes.readUInt32BE(0)
      socket.write(strings(answer(bytes.subarray(4, end))))
      bytes = bytes.subarray(end)
    }
  })
}

/** Strings of SSH, one after the other (RFC 4251, 5). */
export function strings(...parts: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(Buffer.byteLength(part))
      return [length, Buffer.from(part as Buffer)]
    }),
  )
}

function mpint(number: Buffer): Buffer {
  let at = 0
  while (at < number.length - 1 && number[at] === 0) at++
  const short = number.subarray(at)
  return (short[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), short]) : short
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}
