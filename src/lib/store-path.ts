// Where the store keeps a source tree of which only the hash is known: the path follows from the hash alone.
import { createHash } from 'node:crypto'

const digits = '0123456789abcdfghijklmnpqrsvwxyz'

/**
 * The store path, `/nix/store/…-source`, of a tree with this hash of its NAR archive (Nix manual, "Store paths": a recursive
 * sha256 source without references).
 * @param narHash `sha256-` and base64
 */
export function sourceStorePath(narHash: string): string {
  const hex = Buffer.from(narHash.slice('sha256-'.length), 'base64').toString('hex')
  const whole = createHash('sha256').update(`source:sha256:${hex}:/nix/store:source`).digest()
  const folded = Buffer.alloc(20)
  for (const [i, byte] of whole.entries()) folded[i % 20] = (folded[i % 20] ?? 0) ^ byte
  return `/nix/store/${base32(folded)}-source`
}

/** Bytes in Nix's base 32, which has its own order of bits: from the end, five at a time. */
export function base32(bytes: Buffer): string {
  let text = ''
  for (let n = Math.ceil((bytes.length * 8) / 5) - 1; n >= 0; n--) {
    const bit = n * 5
    const at = Math.floor(bit / 8)
    const shift = bit % 8
    const pair = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
    text += digits[(pair >> shift) & 31]
  }
  return text
}

/** A hash as nix-store(1) prints it, `sha256:` and Nix's base 32, in the form `sha256-` and base64. */
export function sriHash(hash: string): string {
  const text = hash.slice(hash.indexOf(':') + 1)
  const bytes = Buffer.alloc(32)
  for (const [i, digit] of [...text].reverse().entries()) {
    const value = digits.indexOf(digit) << ((i * 5) % 8)
    const at = Math.floor((i * 5) / 8)
    bytes[at] = (bytes[at] ?? 0) | (value & 255)
    if (at + 1 < bytes.length) bytes[at + 1] = (bytes[at + 1] ?? 0) | (value >> 8)
  }
  return `sha256-${bytes.toString('base64')}`
}
