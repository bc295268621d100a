// The hash by which Nix knows a tree of files: of its archive (NAR: Dolstra, "The Purely Functional Software Deployment Model", 5.2.1),
// made here, as it is made in passing and asking Nix for it takes the start of a process.
import { createHash, type Hash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** The hash of a folder or file as `sha256-` and base64. Reads each file as a whole: for trees of a few megabytes. */
export function narHash(path: string): string {
  const hash = createHash('sha256')
  words(hash, 'nix-archive-1')
  node(hash, path)
  return `sha256-${hash.digest('base64')}`
}

function node(hash: Hash, path: string): void {
  const stat = lstatSync(path)
  words(hash, '(', 'type')
  if (stat.isSymbolicLink()) words(hash, 'symlink', 'target', readlinkSync(path, 'buffer'))
  else if (stat.isDirectory()) {
    words(hash, 'directory')
    for (const name of readdirSync(path).sort(byBytes)) {
      words(hash, 'entry', '(', 'name', name, 'node')
      node(hash, join(path, name))
      words(hash, ')')
    }
  } else if (stat.isFile()) {
    words(hash, 'regular')
    if ((stat.mode & 0o100) !== 0) words(hash, 'executable', '')
    words(hash, 'contents', readFileSync(path))
  } else throw new Error(`${path} is neither a file, a folder nor a symbolic link`)
  words(hash, ')')
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

// Each has its length before it, in eight bytes, and is filled up to a multiple of eight.
function words(hash: Hash, ...all: (string | Buffer)[]): void {
  for (const one of all) {
    const bytes = typeof one === 'string' ? Buffer.from(one) : one
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(bytes.length))
    hash.update(length).update(bytes)
    hash.update(Buffer.alloc((8 - (bytes.length % 8)) % 8))
  }
}
