// A tree as the archive by which Nix knows it (NAR: Dolstra, "The Purely Functional Software Deployment Model", 5.2.1).
import { Refused } from '../records.ts'
import type { ReadBlob, TreeFile } from './git-tree.ts'

/** Files in the order in which an archive has them: byte for byte, name for name. */
export function inArchiveOrder(files: readonly TreeFile[]): readonly TreeFile[] {
  // No name has a zero in it: as the end of a folder's name it comes before every byte that a longer one goes on with.
  const keyed = files.map((file) => ({ file, key: Buffer.from(file.name).map((byte) => (byte === slash ? 0 : byte)) }))
  return keyed.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ file }) => file)
}

const slash = 0x2f

/** Bytes that a piece of an archive has at least, but for the last. */
const enough = 64 * 1024

/**
 * The archive of a tree. Another repository is an empty folder, as git leaves it.
 * @param files in the order of `inArchiveOrder`
 * @param read asked for each file and link once, in that order
 * @throws Refused for a link that no file system can hold
 */
export async function* archiveOf(files: readonly TreeFile[], read: ReadBlob): AsyncGenerator<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  const add = (...all: readonly Buffer[]) => {
    for (const one of all) {
      pieces.push(one)
      size += one.length
    }
  }
  const taken = () => {
    const whole = Buffer.concat(pieces.splice(0))
    size = 0
    return whole
  }
  add(words('nix-archive-1', '(', 'type', 'directory'))
  let folders: Buffer[] = []
  for (const file of files) {
    const parts = pathParts(file.name)
    const name = parts.pop() ?? file.name
    let shared = 0
    while (shared < folders.length && folders[shared]?.equals(parts[shared] ?? none)) shared++
    for (let n = folders.length; n > shared; n--) add(closed)
    for (const folder of parts.slice(shared)) add(words('entry', '(', 'name', folder, 'node', '(', 'type', 'directory'))
    folders = parts
    add(words('entry', '(', 'name', name, 'node', '(', 'type'))
    if (file.mode === '160000') add(words('directory'))
    else {
      add(file.mode === '120000' ? words('symlink', 'target') : regular(file), length(file.size))
      for await (const piece of read(file)) {
        if (file.mode === '120000' && piece.includes(0))
          throw new Refused(`${file.name} is a symbolic link whose target has a zero in it`, {
            help: ['Make it a link to a file, or a file.'],
          })
        add(piece)
        if (size >= enough) yield taken()
      }
      add(filling(file.size))
    }
    add(closed)
  }
  for (const _ of folders) add(closed)
  add(words(')'))
  yield taken()
}

const none = Buffer.alloc(0)

/** The names that a path consists of. */
export function pathParts(name: Buffer): Buffer[] {
  const parts: Buffer[] = []
  let from = 0
  for (let end = name.indexOf(slash); end !== -1; end = name.indexOf(slash, from)) {
    parts.push(name.subarray(from, end))
    from = end + 1
  }
  return [...parts, name.subarray(from)]
}

function regular({ mode }: TreeFile): Buffer {
  const executable = (Number.parseInt(mode, 8) & 0o100) !== 0
  return words('regular', ...(executable ? ['executable', ''] : []), 'contents')
}

/** Words as Nix writes them: each has its length before it, in eight bytes, and is filled up to a multiple of eight. */
export function words(...all: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(
    all.flatMap((one) => {
      const bytes = typeof one === 'string' ? Buffer.from(one) : one
      return [length(bytes.length), bytes, filling(bytes.length)]
    }),
  )
}

/** A number as Nix writes it. */
export function length(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function filling(size: number): Buffer {
  return Buffer.alloc((8 - (size % 8)) % 8)
}

// The end of an entry, and of what it names.
const closed = words(')', ')')
