// Keys that a security token holds (FIDO/U2F), by OpenSSH's PROTOCOL.u2f: ssh2 passes their signatures on, and does not know them.
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'

export const SECURITY_KEY_TYPES = ['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com']

/** The token was touched: sshd(8) asks for the same unless a key's line says no-touch-required. */
const TOUCHED = 0x01
/** After the signature itself: a byte of flags and the token's count of signatures. */
const COUNTED = 5

/**
 * Reads a key of one of `SECURITY_KEY_TYPES` in wire form; null when it is not exactly that. What it answers says whether a signature, as
 * ssh2 hands it on (without its type and the length of its first part), is the key's for `data`, and made by touching the token.
 */
export function readSecurityKey(type: string, blob: Buffer): ((data: Buffer, signature: Buffer) => boolean) | null {
  const parts = strings(blob)
  if (parts?.[0]?.toString('latin1') !== type) return null
  const ed25519 = type === SECURITY_KEY_TYPES[0]
  const [point, application] = ed25519 ? parts.slice(1) : parts.slice(2)
  const key =
    point && (ed25519 ? ed25519Key(point) : parts[1]?.toString('latin1') === 'nistp256' ? p256Key(point) : null)
  if (!key || application === undefined || parts.length !== (ed25519 ? 3 : 4)) return null
  return (data, signature) => {
    const own = signature.subarray(0, -COUNTED)
    const counted = signature.subarray(-COUNTED)
    if (counted.length !== COUNTED || ((counted[0] ?? 0) & TOUCHED) === 0) return false
    const signed = Buffer.concat([sha256(application), counted, sha256(data)])
    if (ed25519) return own.length === 64 && verify(null, signed, key, own)
    const plain = p256Signature(own)
    return plain !== null && verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, plain)
  }
}

function ed25519Key(point: Buffer): KeyObject | null {
  return point.length === 32 ? imported({ kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') }) : null
}

// SEC 1, 2.3.3: a point that is not compressed.
function p256Key(point: Buffer): KeyObject | null {
  if (point.length !== 65 || point[0] !== 4) return null
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'))
  return imported({ kty: 'EC', crv: 'P-256', x, y })
}

function imported(key: Record<string, string | undefined>): KeyObject | null {
  try {
    return createPublicKey({ key, format: 'jwk' })
  } catch {
    return null
  }
}

// Two numbers (RFC 4251, 5: mpint), as 32 bytes each.
function p256Signature(own: Buffer): Buffer | null {
  const numbers = strings(own)
  if (numbers?.length !== 2) return null
  const halves = numbers.map((number) => (number.length === 33 && number[0] === 0 ? number.subarray(1) : number))
  if (halves.some(({ length }) => length > 32)) return null
  return Buffer.concat(halves.flatMap((half) => [Buffer.alloc(32 - half.length), half]))
}

/** What is nothing but strings (RFC 4251, 5), or null. */
function strings(bytes: Buffer): Buffer[] | null {
  const found: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length) return null
    const end = at + 4 + bytes.readUInt32BE(at)
    if (end > bytes.length) return null
    found.push(bytes.subarray(at + 4, end))
    at = end
  }
  return found
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}
