// Collecting a repository: how large it is, what refused pushes left in it, and `git gc` while nothing else writes there.
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { git } from './git.ts'
import { repositoryLock } from './repositories.ts'
import { run } from './spawn.ts'

export interface RepositorySize {
  /** Of all objects, packed, loose and on their way in. */
  readonly bytes: number
  readonly packs: number
  readonly loose: number
}

/** Measures `objects/` as it is on disk. What vanishes meanwhile counts nothing. */
export async function repositorySize(repository: string): Promise<RepositorySize> {
  const objects = join(repository, 'objects')
  const names = await readdir(objects, { recursive: true }).catch(() => [])
  const sizes = await Promise.all(names.map((name) => fileSize(join(objects, name))))
  return {
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    packs: names.filter((name) => /^pack\/.*\.pack$/.test(name)).length,
    loose: names.filter((name) => /^[0-9a-f]{2}\/[0-9a-f]{38}$/.test(name)).length,
  }
}

async function fileSize(file: string): Promise<number> {
  const found = await stat(file).catch(() => null)
  return found?.isFile() ? found.size : 0
}

// A file, so that a receiver that starts again and `hostenv gc` know it too.
const refusedFile = 'hostenv.refused'

/** Bytes of refused pushes that came in since the last collection: git keeps their objects until then. */
export async function refusedBytes(repository: string): Promise<number> {
  const text = await readFile(join(repository, refusedFile), 'utf8').catch(() => '0')
  return Number.parseInt(text, 10) || 0
}

/** Counts `bytes` more of them. */
export async function addRefusedBytes(repository: string, bytes: number): Promise<void> {
  const sum = (await refusedBytes(repository)) + bytes
  await writeFile(join(repository, refusedFile), `${sum}\n`, { mode: 0o600 })
}

/** Whether somebody collects this repository now, or holds its lock alone for another reason. */
export async function isCollected(repository: string, path: string): Promise<boolean> {
  const argv = ['flock', '--shared', '--nonblock', '--conflict-exit-code', '99', repositoryLock, 'true'] as const
  return (await run({ argv: [...argv], env: { PATH: path }, cwd: repository })).code === 99
}

export interface CollectOptions {
  /** Milliseconds; git is ended after that, and what it has not finished is as it was. */
  readonly time?: number
  readonly signal?: AbortSignal
}

/**
 * Packs everything that a ref or a reflog reaches into one pack and drops the rest. Takes the repository's lock alone (flock(1)),
 * waiting at most `wait` seconds: no receive-pack runs meanwhile, so no object is dropped that a push counts on. The caller makes
 * sure that no deploy of this repository is committed and has not moved its refs yet.
 * @returns false when somebody else held the lock: nothing was done
 */
export async function collectRepository(
  repository: string,
  path: string,
  wait: number,
  { time, signal }: CollectOptions = {},
): Promise<boolean> {
  const command = git(
    repository,
    path,
    ['gc', '--quiet', '--force', '--prune=now'],
    // One core, and no more memory than this: a push or a build may run beside it. Large files are not compared at all.
    ['pack.threads=1', 'pack.windowMemory=128m', 'core.bigFileThreshold=16m', 'gc.writeCommitGraph=false'],
  )
  const lock = [
    'flock',
    '--exclusive',
    '--wait',
    String(wait),
    '--conflict-exit-code',
    '99',
    '--no-fork',
    repositoryLock,
  ]
  const argv = ['setpriv', '--pdeathsig', 'TERM', 'nice', '-n', '10', ...lock, ...command.argv]
  const options = { ...(time === undefined ? {} : { timeout: time }), ...(signal === undefined ? {} : { signal }) }
  const ran = await run({ ...command, argv: argv as [string, ...string[]] }, options)
  if (ran.code === 99) return false
  if (ran.code !== 0) {
    const how = ran.timedOut ? 'took too long' : ran.cancelled ? 'was cancelled' : ran.stderr.trim().split('\n').at(-1)
    throw new Error(`git gc in ${repository} failed: ${how || `exit ${ran.code ?? ran.signal}`}`)
  }
  await rm(join(repository, refusedFile), { force: true })
  return true
}
