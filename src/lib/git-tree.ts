// What is in a tree and in its files, from git's objects themselves: no attribute, filter or setting has a say in it.
import { type Oid, Refused } from '../records.ts'
import { git, needsMemory, outOfMemory, withMemory } from './git.ts'
import { endGroup, launch, runs } from './launch.ts'
import { tailOf } from './tail.ts'

/** The mode of a folder (gitformat-index(5)). */
export const folderMode = '040000'

export interface TreeFile {
  /** gitformat-index(5): a file, a program, a symbolic link (120000) or another repository (160000). */
  readonly mode: string
  readonly oid: Oid
  /** Bytes; 0 for another repository, and for a folder. */
  readonly size: number
  /** Below the tree, `/` between folders. Bytes, of whatever encoding. */
  readonly name: Buffer
}

/** PATH_MAX of Linux, without its zero: no path is longer, nor the target of a link. */
export const longestPath = 4095

/** What is told of a path that no file system takes. */
export function tooLong(name: Buffer): Refused {
  return new Refused(`a path in this commit is too long: ${name.subarray(0, 60)}…`, {
    help: ['A name may have 255 bytes, and a path with its place in the Nix store 4095.'],
  })
}

/**
 * All files and folders of a tree, in git's order (git-ls-tree(1)). Who stops asking ends git: a tree can be larger than any memory, of
 * folders alone too. Throws Refused for a path that no file system takes, and the reason of `signal` when that aborts.
 */
export async function* entriesOf(
  repository: string,
  path: string,
  tree: Oid,
  signal?: AbortSignal,
): AsyncGenerator<TreeFile> {
  const chunks = outputOf(repository, path, ['ls-tree', '-r', '-t', '-z', '-l', '--full-tree', tree], { signal })
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let from = 0
    for (let end = rest.indexOf(0); end !== -1; end = rest.indexOf(0, from)) {
      yield parsed(rest.subarray(from, end))
      from = end + 1
    }
    rest = rest.subarray(from)
    if (rest.length > 2 * longestPath) throw tooLong(rest.subarray(rest.indexOf(9) + 1))
  }
}

// `MODE TYPE OID SIZE<tab>NAME`
function parsed(line: Buffer): TreeFile {
  const tab = line.indexOf(9)
  const match = /^(\d{6}) \w+ ([0-9a-f]{40}) +(\d+|-)$/.exec(line.toString('latin1', 0, tab))
  const [, mode, oid, size] = match ?? []
  if (mode === undefined || oid === undefined) throw new Error('git ls-tree says what cannot be read')
  return { mode, oid, size: Number(size) || 0, name: Buffer.from(line.subarray(tab + 1)) }
}

/** Answers what is in a blob, in pieces. */
export type ReadBlob = (file: Pick<TreeFile, 'oid' | 'size'>) => AsyncIterable<Buffer>

/**
 * What is in each of these files, one after the other: `use` must read all of them, in their order. Throws where git does not have one,
 * Refused where it needs more than `memory`, and the reason of `signal` when that aborts.
 */
export async function* contentsOf(
  repository: string,
  path: string,
  files: readonly Pick<TreeFile, 'oid'>[],
  use: (read: ReadBlob) => AsyncIterable<Buffer>,
  { memory, signal }: { readonly memory: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Buffer> {
  const input = files.map(({ oid }) => `${oid}\n`).join('')
  const chunks = outputOf(repository, path, ['cat-file', '--batch', '--buffer'], { input, memory, signal })
  let rest: Buffer = Buffer.alloc(0)
  const more = async (): Promise<void> => {
    const { value, done } = await chunks.next()
    if (done) throw new Error('git cat-file ended early')
    rest = rest.length === 0 ? value : Buffer.concat([rest, value])
  }
  const take = (bytes: number): Buffer => {
    const taken = rest.subarray(0, bytes)
    rest = rest.subarray(taken.length)
    return taken
  }
  async function* read({ oid, size }: Pick<TreeFile, 'oid' | 'size'>): AsyncGenerator<Buffer> {
    const head = `${oid} blob ${size}\n`
    while (rest.length < head.length && !rest.includes(10)) await more()
    if (take(head.length).toString('latin1') !== head) throw new Error(`git does not have ${oid} as a tree names it`)
    for (let left = size; left > 0; ) {
      if (rest.length === 0) await more()
      const piece = take(left)
      left -= piece.length
      yield piece
    }
    if (rest.length === 0) await more()
    take(1)
  }
  try {
    yield* use(read)
  } finally {
    await chunks.return(undefined)
  }
}

// What a git prints. Throws where it fails; who stops reading ends it.
async function* outputOf(
  repository: string,
  path: string,
  args: readonly string[],
  {
    input,
    memory,
    signal,
  }: { readonly input?: string; readonly memory?: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Buffer, void, undefined> {
  signal?.throwIfAborted()
  const command = git(repository, path, args)
  const stdin = input === undefined ? 'ignore' : 'pipe'
  const limited = memory === undefined ? [] : withMemory(memory)
  const argv = [...limited, ...command.argv] as [string, ...string[]]
  const stderr = memory === undefined ? 'ignore' : 'pipe'
  const child = await launch({ ...command, argv, stdio: [stdin, 'pipe', stderr], detached: true })
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  const { stdout } = child
  if (!stdout) throw new Error('git was started without a pipe')
  const said = tailOf(child.stderr, 4096)
  // What is printed before anybody reads is kept.
  stdout.pause()
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(input)
  const end = () => {
    if (runs(child)) endGroup(child)
  }
  if (signal?.aborted) end()
  signal?.addEventListener('abort', end)
  try {
    for await (const chunk of stdout) yield chunk as Buffer
    const code = await closed
    signal?.throwIfAborted()
    if (code !== 0 && memory !== undefined && outOfMemory.test(said())) throw needsMemory(memory)
    if (code !== 0) throw new Error(`git ${args[0]} ${code === null ? 'was killed' : `exited ${code}`}`)
  } finally {
    // A git that still prints ends by SIGPIPE.
    stdout.destroy()
    await closed
    signal?.removeEventListener('abort', end)
  }
}
