// A large tree as a store path without writing it again: what it has in common with a tree that is in the store already is linked
// from there (link(2)), git brings the rest and checks all of it, and the result is registered with Nix. Decision 0044.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { git, withMemory } from '../lib/git.ts'
import type { Nix } from '../lib/nix.ts'
import { type Command, mustRun, type RunOptions, run, start } from '../lib/spawn.ts'
import { sourceStorePath } from '../lib/store-path.ts'
import { isWritable } from '../lib/writable.ts'
import type { Oid } from '../records.ts'
import type { StoredTree } from '../state/projects.ts'

interface LinkContext {
  readonly nix: Nix
  readonly path: string
  readonly limits: { readonly gitMemory: number }
}

/**
 * Answers the store path of `tree`, or null where it cannot be made this way: the store is not this user's to write, is collected
 * just now, or has the path, or `base` is not what it was. Then nothing is left in the store, and the usual way is open.
 * @param folder for git's index; the caller removes it
 * @param signal where it aborts, nothing is made either
 */
export async function linkedTree(
  ctx: LinkContext,
  repository: string,
  tree: Oid,
  base: StoredTree,
  folder: string,
  signal?: AbortSignal,
): Promise<string | null> {
  const { nix, path } = ctx
  const options = signal ? { signal } : {}
  const before = nix.realPath(base.storePath)
  if (!existsSync(before) || !(await isWritable(nix.storeDir))) return null
  // In the store's own folder: no link leads from one mount into another, and /nix often is one. What a kill leaves there is what Nix
  // itself leaves of a build, and goes with the next collection.
  const beside = await mkdtemp(join(nix.storeDir, 'tmp-hostenv-'))
  const source = join(beside, 'source')
  const env = { PATH: path, LC_ALL: 'C' }
  const tool = (...argv: [string, ...string[]]) => mustRun({ argv, env }, options)
  try {
    // Names of its own, in folders of its own; only the files themselves are shared, and nothing ever writes into one.
    await tool('cp', '--archive', '--link', '--no-target-directory', before, source)
    await tool('find', source, '-type', 'd', '-exec', 'chmod', 'u+w', '{}', '+')
    await bringTo(ctx, repository, { from: base.tree, to: tree, source, index: join(folder, 'index') }, options)
    await tool('find', source, '-mindepth', '1', ...asInStore)
    const archive = await archiveOf(nix, source, signal)
    const storePath = sourceStorePath(`sha256-${archive.hash.toString('base64')}`)
    if (existsSync(nix.realPath(storePath))) return null
    await mustRun(register(nix, source, storePath, archive))
    return existsSync(nix.realPath(storePath)) ? storePath : null
  } catch {
    return null
  } finally {
    // Folders may be read-only by now, and only root does not mind.
    await run({ argv: ['find', beside, '-type', 'd', '-exec', 'chmod', 'u+w', '{}', '+'], env })
    await rm(beside, { recursive: true, force: true })
  }
}

interface Change {
  readonly from: Oid
  readonly to: Oid
  /** The work tree, which has the files of `from`. */
  readonly source: string
  readonly index: string
}

// git unlinks what it replaces and makes a new file, so no link leads from here into the other tree (entry.c opens with O_EXCL). It
// then reads every file that it did not write itself, and hashes it: what is not the tree, byte for byte, is an error.
async function bringTo(
  { path, limits }: LinkContext,
  repository: string,
  { from, to, source, index }: Change,
  options: RunOptions,
): Promise<void> {
  const settings = ['core.fileMode=true', 'core.symlinks=true', 'core.hooksPath=/dev/null', 'core.untrackedCache=false']
  const inTree = (...args: string[]): Command => {
    const command = git(repository, path, args, settings)
    const argv = [...withMemory(limits.gitMemory), ...command.argv] as [string, ...string[]]
    return {
      ...command,
      argv,
      env: { ...command.env, GIT_DIR: repository, GIT_WORK_TREE: source, GIT_INDEX_FILE: index },
    }
  }
  await mustRun(inTree('read-tree', from), options)
  await mustRun(inTree('read-tree', '--reset', '-u', from, to), options)
  await mustRun(inTree('update-index', '--refresh'), options)
  const others = await mustRun({ ...inTree('ls-files', '--others', '--directory', '-z'), cwd: source }, options)
  if (others !== '') throw new Error('there is more than the tree')
}

// Modes and times as Nix has them (Nix manual, "Store paths"), of what is new here: what is shared has them.
const asInStore = [
  ...['(', '-type', 'f', '-perm', '-u+x', '!', '-perm', '0555', '-exec', 'chmod', '0555', '{}', '+', ')', ','],
  ...['(', '-type', 'f', '!', '-perm', '-u+x', '!', '-perm', '0444', '-exec', 'chmod', '0444', '{}', '+', ')', ','],
  ...['(', '-type', 'd', '-exec', 'chmod', '0555', '{}', '+', ')', ','],
  ...['(', '-newermt', '1970-01-01 00:00:01 UTC', '-exec', 'touch', '--no-dereference', '--date=@1', '{}', '+', ')'],
]

interface Archive {
  readonly hash: Buffer
  readonly bytes: number
}

// Hash and size of the NAR archive, which is read as it is made.
async function archiveOf(nix: Nix, source: string, signal: AbortSignal | undefined): Promise<Archive> {
  const child = start(nix.query(['nix-store', '--dump', source]), ['ignore', 'pipe', 'ignore'])
  const end = () => child.kill('SIGKILL')
  signal?.addEventListener('abort', end)
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of child.stdout ?? []) {
    hash.update(chunk)
    bytes += (chunk as Buffer).length
  }
  const code = await ended
  signal?.removeEventListener('abort', end)
  signal?.throwIfAborted()
  if (code !== 0) throw new Error('nix-store --dump failed')
  return { hash: hash.digest(), bytes }
}

// As Nix does it: first the path, then its row (a crash between them leaves what Nix calls garbage). A collector that came in between
// would take the one and leave the other, so it is kept out by its own lock (gc.lock, shared); where it runs already, nothing is done.
function register(nix: Nix, source: string, storePath: string, { hash, bytes }: Archive): Command {
  const lock = join(nix.storeDir, '../var/nix/gc.lock')
  const script = 'mv -T "$1" "$2" && chmod 0555 "$2" && touch --date=@1 "$2" && shift 2 && exec "$@"'
  const { argv, env } = nix.query(['nix-store', '--load-db'])
  return {
    argv: [
      ...(['flock', '--shared', '--nonblock', lock, 'sh', '-c', script, 'sh'] as const),
      ...[source, nix.realPath(storePath), ...argv],
    ],
    env,
    // The path, its hash and size, no deriver, no references (nix-store(1), --dump-db).
    input: [storePath, hash.toString('hex'), bytes, '', 0, ''].join('\n'),
  }
}
