// A `git update-ref --stdin` transaction that is prepared first and committed later (git-update-ref(1)).
import { statSync } from 'node:fs'
import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Oid } from '../records.ts'
import { git } from './git.ts'
import { type Child, launch, runs } from './launch.ts'
import { repositoryLock } from './repositories.ts'

/** A ref to set (`new`, with the value it must have now) or to delete (`new` null). `old` null: whatever it is. */
export interface RefChange {
  readonly ref: string
  readonly new: Oid | null
  readonly old: Oid | null
}

export interface PreparedRefs {
  /** Moves the refs. Throws when git cannot, and then leaves no lock. */
  commit(): Promise<void>
  /** Leaves everything as it was, without a lock. Never throws. */
  abort(): Promise<void>
}

/** Git cannot make these changes: a name conflict, a missing object, a lock that somebody holds. */
export class RefConflict extends Error {}

/** A git that was started before it is known which refs change. It serves one transaction; disposed of, it ends. */
export interface WaitingGit extends AsyncDisposable {
  /** The git, once; null where it is gone, or waits in another folder than `repository` is by now. */
  take(repository: string): Promise<Child | null>
}

/** Starts a git for a transaction that is likely to come. Never throws: without it the transaction starts its own. */
export function gitStandsBy(repository: string, path: string): WaitingGit {
  let waiting: { readonly inode: number; readonly child: Promise<Child> } | null = null
  try {
    waiting = { inode: statSync(repository).ino, child: start(repository, path) }
    waiting.child.catch(() => undefined)
  } catch {
    // There is no such repository.
  }
  const takeIt = () => {
    const taken = waiting
    waiting = null
    return taken
  }
  return {
    async take(now) {
      const taken = takeIt()
      const child = await taken?.child.catch(() => null)
      if (!taken || !child) return null
      const usable = runs(child) && statSync(now, { throwIfNoEntry: false })?.ino === taken.inode
      if (!usable) child.stdin?.end()
      return usable ? child : null
    },
    async [Symbol.asyncDispose]() {
      const child = await takeIt()?.child.catch(() => null)
      child?.stdin?.end()
    },
  }
}

async function start(repository: string, path: string): Promise<Child> {
  const command = git(repository, path, ['update-ref', '--stdin', '-z', '--create-reflog'])
  // SIGTERM, so that git takes its lock files away; whoever clears up after a crash waits for the repository's own lock.
  const held = ['setpriv', '--pdeathsig', 'TERM', 'flock', '--shared', '--no-fork', repositoryLock]
  const argv = [...held, ...command.argv] as [string, ...string[]]
  const child = await launch({ ...command, argv, stdio: ['pipe', 'pipe', 'pipe'], detached: false })
  child.stdin?.on('error', () => undefined)
  return child
}

/**
 * Prepares a transaction: nothing moves, and nobody else can move these refs. Throws RefConflict with git's own words.
 * @param waiting a git that it may use, instead of starting one
 */
export async function prepareRefs(
  repository: string,
  path: string,
  changes: readonly RefChange[],
  waiting: WaitingGit | null = null,
): Promise<PreparedRefs> {
  const child = (await waiting?.take(repository)) ?? (await start(repository, path))
  const begun = Date.now()
  const talk = conversation(child)
  const expect = async (answer: string) => {
    try {
      await talk.expect(answer)
    } catch (error) {
      // A git that was killed leaves its locks. No other git of the receiver takes locks of these refs meanwhile (lib/lanes.ts), and
      // what somebody locked by hand before is older.
      if (child.signalCode !== null) await unlock(repository, changes, begun)
      throw error
    }
  }
  talk.say('start\0')
  await expect('start: ok')
  for (const change of changes) talk.say(line(change))
  talk.say('prepare\0')
  await expect('prepare: ok')
  const end = async (word: 'commit' | 'abort') => {
    talk.say(`${word}\0`)
    await expect(`${word}: ok`)
    talk.end()
  }
  return { commit: () => end('commit'), abort: () => end('abort').catch(() => undefined) }
}

/** File systems keep times in steps of this many milliseconds, or less. */
const CLOCK = 20

async function unlock(repository: string, changes: readonly RefChange[], since: number): Promise<void> {
  const head = (await readFile(join(repository, 'HEAD'), 'utf8').catch(() => '')).replace(/^ref: /, '').trim()
  const refs = changes.map(({ ref }) => ref)
  const made = refs.map((ref) => `${ref}.lock`)
  // A change of the branch that HEAD names locks HEAD too (refs/files-backend.c).
  if (refs.includes(head)) made.push('HEAD.lock')
  // A deletion locks all packed refs, and writes them anew where one of them is packed (refs/packed-backend.c).
  if (changes.some((change) => change.new === null)) made.push('packed-refs.new', 'packed-refs.lock')
  for (const name of made) {
    const file = join(repository, name)
    const at = (await stat(file).catch(() => null))?.mtimeMs
    if (at !== undefined && at >= since - CLOCK) await rm(file, { force: true })
  }
}

function line({ ref, new: value, old }: RefChange): string {
  return value === null ? `delete ${ref}\0${old ?? ''}\0` : `update ${ref}\0${value}\0${old ?? ''}\0`
}

function conversation(child: Child) {
  const { stdin, stdout, stderr } = child
  if (!stdin || !stdout || !stderr) throw new Error('git was started without pipes')
  let said = ''
  stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(0, 4000)
  })
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  return {
    say: (text: string) => void stdin.write(text),
    end: () => void stdin.end(),
    expect: async (answer: string) => {
      const line = await lines.next()
      if (!line.done && line.value === answer) return
      stdin.end()
      await gone
      throw new RefConflict(said.trim().replace(/^fatal: (start|prepare|commit): /, '') || 'git update-ref ended early')
    },
  }
}
