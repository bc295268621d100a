// A pushed tree from git's objects straight into the store: nothing is unpacked on the way, and nothing but its blobs counts.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { sizeText } from '../config/units.ts'
import {
  contentsOf,
  entriesOf,
  folderMode,
  longestPath,
  type ReadBlob,
  type TreeFile,
  tooLong,
} from '../lib/git-tree.ts'
import { archiveOf, inArchiveOrder, length, pathParts, words } from '../lib/nar.ts'
import type { Nix } from '../lib/nix.ts'
import { inScratch } from '../lib/scratch.ts'
import { mustRun, type RunOptions } from '../lib/spawn.ts'
import { sourceStorePath } from '../lib/store-path.ts'
import { isWritable } from '../lib/writable.ts'
import { type Oid, Refused } from '../records.ts'

export interface TreeContext {
  readonly nix: Nix
  readonly path: string
  readonly stateDir: string
  readonly limits: { readonly treeFiles: number; readonly treeBytes: number; readonly gitMemory: number }
}

/** NAME_MAX of Linux. */
const longestName = 255
/** Bytes of all paths: they are what a list of files takes. */
const mostNames = 64 * 1024 ** 2

/**
 * The files of a tree. Throws Refused when there are more than the receiver takes (a small pack can hold a tree of any size, with or
 * without files in it), or one that no file system can hold; and the reason of `signal` when that aborts.
 */
export async function treeFiles(
  { nix, path, limits }: Pick<TreeContext, 'nix' | 'path' | 'limits'>,
  repository: string,
  tree: Oid,
  signal?: AbortSignal,
): Promise<readonly TreeFile[]> {
  const files: TreeFile[] = []
  let entries = 0
  let bytes = 0
  let names = 0
  const longest = longestPath - `${nix.storeDir}/${'0'.repeat(32)}-source/`.length
  for await (const file of entriesOf(repository, path, tree, signal)) {
    entries++
    bytes += file.size
    if (file.mode !== folderMode) {
      files.push(file)
      names += file.name.length
    }
    if (entries > limits.treeFiles) throw tooLarge(`more than ${limits.treeFiles} files and folders`, 'treeFiles')
    if (bytes > limits.treeBytes) throw tooLarge(`more than ${sizeText(limits.treeBytes)} of files`, 'treeBytes')
    if (names > mostNames)
      throw new Refused(`this commit has more than ${sizeText(mostNames)} of names of files`, {
        help: ['Make them shorter, or fewer.'],
      })
    if (file.name.length > longest || pathParts(file.name).some((name) => name.length > longestName))
      throw tooLong(file.name)
    if (file.mode === '120000' && (file.size === 0 || file.size > longestPath))
      throw new Refused(`${file.name} is a symbolic link that leads nowhere: its target has ${file.size} bytes`, {
        help: ['Make it a link to a file, or a file.'],
      })
  }
  return files
}

function tooLarge(what: string, limit: string): Refused {
  return new Refused(`this commit has ${what}`, {
    help: ['Leave out what can be built or fetched.', `Its operator can raise limits.${limit}.`],
  })
}

export interface ImportedTree {
  readonly storePath: string
  /** `sha256-` and base64. */
  readonly hash: string
}

/**
 * Adds a tree to the store. Nix starts while git still lists the files. Throws what `files` is rejected with; where `signal` aborts, git
 * and Nix are ended.
 */
export async function importTree(
  ctx: TreeContext,
  repository: string,
  files: Promise<readonly TreeFile[]>,
  signal?: AbortSignal,
): Promise<ImportedTree> {
  const archive = new Archive(ctx, repository, files, signal)
  const into = (await isWritable(ctx.nix.storeDir)) ? imported : restored
  const storePath = (await into(ctx, archive, signal ? { signal } : {})).trim()
  const { hash } = archive
  if (storePath !== sourceStorePath(hash)) throw new Error(`Nix put a tree at ${storePath}, which is not its hash`)
  return { storePath, hash }
}

// Who may write the store is believed what it imports (nix-store(1), --import): the path, which follows from the hash.
async function imported({ nix }: TreeContext, archive: Archive, options: RunOptions): Promise<string> {
  async function* exported(): AsyncGenerator<Buffer> {
    yield length(1)
    yield* archive.pieces()
    // As nix-store --export writes it: a mark, the path, no references, no deriver, no signature, and no further path.
    yield Buffer.concat([
      length(0x4558494e),
      words(sourceStorePath(archive.hash)),
      length(0),
      words(''),
      length(0),
      length(0),
    ])
  }
  return await mustRun({ ...nix.query(['nix-store', '--import']), input: exported() }, options)
}

// A daemon of Nix takes from others only what it hashed itself.
async function restored({ nix, stateDir }: TreeContext, archive: Archive, options: RunOptions): Promise<string> {
  return await inScratch(stateDir, 'tree-', async (folder) => {
    const source = join(folder, 'source')
    await mustRun({ ...nix.query(['nix-store', '--restore', source]), input: archive.pieces() }, options)
    return await mustRun(nix.query(['store', 'add-path', '--name', 'source', source]), options)
  })
}

class Archive {
  readonly #ctx: TreeContext
  readonly #repository: string
  readonly #files: Promise<readonly TreeFile[]>
  readonly #signal: AbortSignal | undefined
  readonly #hash = createHash('sha256')

  constructor(
    ctx: TreeContext,
    repository: string,
    files: Promise<readonly TreeFile[]>,
    signal: AbortSignal | undefined,
  ) {
    this.#ctx = ctx
    this.#repository = repository
    this.#files = files
    this.#signal = signal
    // Heard of when it is read.
    files.catch(() => undefined)
  }

  async *pieces(): AsyncGenerator<Buffer> {
    const files = inArchiveOrder(await this.#files)
    const read = files.filter(({ mode }) => mode !== '160000')
    const { path, limits } = this.#ctx
    const archive = (blob: ReadBlob) => archiveOf(files, blob)
    const within = { memory: limits.gitMemory, signal: this.#signal }
    for await (const piece of contentsOf(this.#repository, path, read, archive, within)) {
      this.#hash.update(piece)
      yield piece
    }
  }

  /** Of all that was read. */
  get hash(): string {
    return `sha256-${this.#hash.copy().digest('base64')}`
  }
}
