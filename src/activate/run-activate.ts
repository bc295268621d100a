// Runs a release's `activate` as its environment, holding the environment's lock until the last of its processes is gone.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { endHolders } from '../lib/proc.ts'
import { type Command, type Ran, run } from '../lib/spawn.ts'
import { type Emit, Refused } from '../records.ts'
import {
  asEnvironment,
  boundsOf,
  environmentDir,
  type LocalHost,
  makeDirectories,
  type Place,
  type ReleaseFacts,
} from './host.ts'
import { limitHints } from './limit-hints.ts'

/** The lock that every child of a switch holds (flock(1)); recovery waits for it first. */
export function activateLock(host: Pick<LocalHost, 'stateDir'>, userName: string): string {
  return join(environmentDir(host, userName), 'activate.lock')
}

/** An `activate` that is ready to begin: its sandbox is there, it holds the environment's lock. To be disposed of, begun or not. */
export interface StandBy extends AsyncDisposable {
  /** Runs it to its end. Throws Refused when it fails or takes too long. */
  begin(): Promise<void>
}

// It begins with its input, and has none itself.
const waiting = 'read -r _ && exec "$0" </dev/null'

/** Gets ready for `OUT/bin/activate`, which takes as long as many an `activate` itself. */
export function standBy(host: LocalHost, place: Place, out: string, release: ReleaseFacts, emit: Emit): StandBy {
  const line = (text: string) => emit({ type: 'activate-line', line: text })
  // What a manager says at its end is told with the refusal, not twice.
  const last: string[] = []
  const errorLine = (text: string) => {
    if (last.length > 0 || text.startsWith(managerSays)) last.push(text)
    else line(text)
  }
  const begun = Promise.withResolvers<string>()
  // It may be disposed of before anybody waits for it.
  begun.promise.catch(() => undefined)
  const running = underLock(host, place, { out, release, begin: begun.promise, line, errorLine })
  running.catch(() => undefined)
  return {
    async begin() {
      begun.resolve('\n')
      const ran = await running
      if (ran.code !== 0) throw failed(host, ran, last, line)
      for (const text of last) line(text)
    },
    async [Symbol.asyncDispose]() {
      begun.reject(new Error('it did not begin'))
      await running.catch(() => undefined)
    },
  }
}

/** Runs `OUT/bin/activate`. Throws Refused when it fails or takes too long. */
export async function runActivate(...of: Parameters<typeof standBy>): Promise<void> {
  await using ready = standBy(...of)
  await ready.begin()
}

function failed({ limits }: LocalHost, ran: Ran, last: readonly string[], line: (text: string) => void): Refused {
  const how = ran.timedOut ? `took longer than ${limits.activateTime / 1000} s` : (ran.over ?? describeEnd(ran))
  const said = ran.timedOut || ran.over !== null ? null : whatTheManagerSays(ran.stderr)
  const why = said?.why ?? how
  if (said === null) last.forEach(line)
  const tail = (said?.lines ?? `${ran.stdout}\n${ran.stderr}`.split('\n').filter((text) => text !== '')).slice(-25)
  return new Refused(`activate failed: ${why}`, {
    headline: `Activate failed: ${why}`,
    detail: tail,
    help: ran.timedOut ? ['Its operator can raise limits.activateTime.'] : limitHints(tail, limits),
  })
}

const managerSays = 'activate: '

/**
 * Why the library's managers gave up, `activate: web is not ready after 30 s`, and the last lines of the process that they mean. The
 * words are from the project's closure, and may be anything that fits a line.
 */
function whatTheManagerSays(stderr: string): { why: string; lines: string[] } | null {
  const lines = stderr.split('\n').filter((text) => text !== '')
  const at = lines.findIndex((line) => line.startsWith(managerSays) && /^[ -~]{1,140}$/.test(line))
  return at === -1 ? null : { why: (lines[at] as string).slice(managerSays.length), lines: lines.slice(at + 1) }
}

interface Wanted {
  readonly out: string
  readonly release: ReleaseFacts
  readonly begin: Promise<string>
  readonly line: (text: string) => void
  readonly errorLine: (text: string) => void
}

// As the environment, under its lock; it dies with the receiver.
async function underLock(host: LocalHost, place: Place, wanted: Wanted): Promise<Ran> {
  makeDirectories(place.facts)
  const lock = activateLock(host, place.facts.userName)
  const command = asEnvironment(host, place, ['/bin/sh', '-c', waiting, `${wanted.out}/bin/activate`], {
    dieWithParent: true,
    // What flock opens first: the sandbox keeps it open, the project never gets it.
    holds: 3,
    release: wanted.release,
  })
  return await run(
    { ...holding(lock, command), input: wanted.begin },
    {
      ...{ timeout: host.limits.activateTime, maxBuffer: 1024 ** 2, bounds: boundsOf(host) },
      ...{ onStdout: wanted.line, onStderr: wanted.errorLine },
    },
  )
}

/** The command, once nobody else holds `lock`, and holding it until the last of its processes is gone. Dies with the receiver while it waits, too. */
export function holding(lock: string, command: Command): Command {
  return { ...command, argv: ['setpriv', '--pdeathsig', 'KILL', 'flock', '--no-fork', lock, ...command.argv] }
}

/** Waits until no child of an earlier receiver holds the environment's lock, and ends those that stay. Throws when they do not end. */
export async function quietLock(host: LocalHost, userName: string, patience = 5000): Promise<void> {
  await mkdir(environmentDir(host, userName), { recursive: true, mode: 0o700 })
  const lock = activateLock(host, userName)
  const free = async () => {
    const argv = ['flock', '--wait', String(patience / 1000), lock, 'true'] as const
    return (await run({ argv: [...argv], env: { PATH: host.path } })).code === 0
  }
  if (await free()) return
  endHolders(lock)
  if (!(await free())) throw new Error(`a process of an earlier receiver still holds ${lock}`)
}

function describeEnd(ran: Ran): string {
  return ran.code === null ? `signal ${ran.signal}` : `exit ${ran.code}`
}
