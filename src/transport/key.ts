// SSH keys as text: one authorized_keys line becomes a checked key, and a new host key becomes text.
import { createHash, createPublicKey } from 'node:crypto'
import { readSecurityKey, SECURITY_KEY_TYPES } from './security-key.ts'
import { ssh2 } from './ssh2.ts'

/** A public key whose blob is well formed. `fingerprint` is what `ssh-keygen -l` prints. */
export interface PublicKey {
  /** The key's own type (`ssh-ed25519`, `sk-ssh-ed25519@openssh.com`, …), not a signature algorithm. */
  readonly algorithm: string
  /** The key in SSH wire form (RFC 4253, 6.6). */
  readonly blob: Buffer
  readonly fingerprint: string
  readonly comment: string
}

/** A line that is not a usable public key; the message is one sentence for the person who wrote the line. */
export class KeyError extends Error {
  override name = 'KeyError'
}

/** Something that checks signatures of one key: true only when the signature is good. */
export type Verify = (data: Buffer, signature: Buffer, hash: string | undefined) => boolean

const TYPES = [
  ...['ssh-ed25519', 'ssh-rsa', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ...SECURITY_KEY_TYPES,
]
const SMALLEST_RSA = 2048

/** Parses one `type base64 comment` line (sshd(8), AUTHORIZED_KEYS, without options). Throws KeyError. */
export function parsePublicKey(line: string): PublicKey {
  const text = line.trim()
  if (text.includes('PRIVATE KEY')) throw new KeyError('This is a private key; give the public one (FILE.pub).')
  if (/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/.test(text))
    throw new KeyError('A key is one line without control characters.')
  const [type = '', encoded = '', ...comment] = text.split(/[ \t]+/)
  if (!TYPES.includes(type)) throw new KeyError(whyNot(type, encoded))
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) throw new KeyError(`The ${type} key is not valid base64.`)
  const blob = Buffer.from(encoded, 'base64')
  return { ...readBlob(type, blob), comment: comment.join(' ') }
}

/** Checks a key in wire form that is said to be of `type`; answers its facts and its verifier. Throws KeyError. */
export function readBlob(type: string, blob: Buffer): Omit<PublicKey, 'comment'> & { readonly verify: Verify } {
  const bad = new KeyError(`The ${TYPES.includes(type) ? type : 'given'} key is damaged or cut off.`)
  if (!TYPES.includes(type)) throw new KeyError('This type of key is not supported.')
  const facts = { algorithm: type, blob, fingerprint: fingerprintOf(blob) }
  if (SECURITY_KEY_TYPES.includes(type)) {
    const verify = readSecurityKey(type, blob)
    if (verify === null) throw bad
    return { ...facts, verify }
  }
  const parsed = ssh2.utils.parseKey(`${type} ${blob.toString('base64')}`)
  if (parsed instanceof Error || Array.isArray(parsed) || parsed.type !== type) throw bad
  // One key must have one spelling: what ssh2 would write again has to be what was read.
  if (!parsed.getPublicSSH().equals(blob)) throw bad
  let bits: number | undefined
  try {
    bits = createPublicKey(parsed.getPublicPEM()).asymmetricKeyDetails?.modulusLength
  } catch {
    throw bad
  }
  if (type === 'ssh-rsa' && (bits ?? 0) < SMALLEST_RSA)
    throw new KeyError(`An RSA key needs at least ${SMALLEST_RSA} bits; ed25519 is a better choice.`)
  const verify: Verify = (data, signature, hash) => parsed.verify(data, signature, hash as string) === true
  return { ...facts, verify }
}

/** `SHA256:…` of a key in wire form, as OpenSSH prints it. */
export function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** The fingerprint of a key line, or null for a line that parsePublicKey refuses. */
export function fingerprintOfLine(line: string): string | null {
  try {
    return parsePublicKey(line).fingerprint
  } catch {
    return null
  }
}

/** Makes an ed25519 host key: the private key in OpenSSH's format, the public line, and its fingerprint. */
export function generateHostKey(): { privateKey: string; publicKey: string; fingerprint: string } {
  // One in about 270 of ssh2's ed25519 keys is one that ssh2 itself cannot read: those are thrown away.
  for (let tries = 0; ; tries++) {
    // Typed without a form that takes no options; ed25519 has none.
    const { private: privateKey } = ssh2.utils.generateKeyPairSync('ed25519')
    try {
      return { privateKey, ...publicHalf(privateKey) }
    } catch (error) {
      if (tries === 20) throw error
    }
  }
}

/** The public line and the fingerprint of a private key in OpenSSH's format. Throws KeyError when it is none. */
export function publicHalf(privateKey: string): { publicKey: string; fingerprint: string } {
  const parsed = ssh2.utils.parseKey(privateKey)
  if (parsed instanceof Error || Array.isArray(parsed) || !parsed.isPrivateKey())
    throw new KeyError('This is not an unencrypted private key in a format of OpenSSH.')
  const blob = parsed.getPublicSSH()
  return { publicKey: `${parsed.type} ${blob.toString('base64')}`, fingerprint: fingerprintOf(blob) }
}

function whyNot(type: string, encoded: string): string {
  if (type === '') return 'The line is empty.'
  if (type === 'ssh-dss') return 'DSA keys are too weak; make an ed25519 key with ssh-keygen -t ed25519.'
  if (type.includes('-cert-')) return 'Certificates are not supported; give the public key itself.'
  if (encoded === '') return 'A key line is "type base64 comment".'
  return 'A key line starts with its type, such as ssh-ed25519; options before the key are not supported.'
}
