// Runs a release's `activate` as its environment, holding the environment's lock until the last of its processes is gone.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Ran, run } from '../lib/spawn.ts'
import { type Emit, Refused } from '../records.ts'
import {
  asEnvironment,
  environmentDir,
  type LocalHost,
  makeDirectories,
  type Place,
  type ReleaseFacts,
} from './host.ts'

/** The lock that every child of a switch holds (flock(1)); recovery waits for it first. */
export function activateLock(host: Pick<LocalHost, 'stateDir'>, userName: string): string {
  return join(environmentDir(host, userName), 'activate.lock')
}

/** Runs `OUT/bin/activate`. Throws Refused when it fails or takes too long. */
export async function runActivate(
  host: LocalHost,
  place: Place,
  out: string,
  release: ReleaseFacts,
  emit: Emit,
): Promise<void> {
  const line = (text: string) => emit({ type: 'activate-line', line: text })
  const ran = await underLock(host, place, [`${out}/bin/activate`], {
    release,
    timeout: host.limits.activateTime,
    line,
  })
  if (ran.code === 0) return
  const how = ran.timedOut ? `took longer than ${host.limits.activateTime / 1000} s` : describeEnd(ran)
  const tail = `${ran.stdout}\n${ran.stderr}`.split('\n').filter((text) => text !== '')
  throw new Refused(`activate failed: ${how}`, { headline: `Activate failed: ${how}`, detail: tail.slice(-25) })
}

interface UnderLock {
  readonly release?: ReleaseFacts
  readonly timeout: number
  readonly line?: (text: string) => void
}

/** Runs a command as the environment, under its lock; it dies with the receiver. */
export async function underLock(
  host: LocalHost,
  place: Place,
  argv: readonly [string, ...string[]],
  options: UnderLock,
): Promise<Ran> {
  await makeDirectories(place.facts)
  const lock = activateLock(host, place.facts.userName)
  const command = asEnvironment(host, place, argv, {
    dieWithParent: true,
    ...(options.release === undefined ? {} : { release: options.release }),
  })
  return await run(
    { ...command, argv: ['flock', '--no-fork', lock, ...command.argv] },
    {
      timeout: options.timeout,
      maxBuffer: 1024 ** 2,
      ...(options.line === undefined ? {} : { onStdout: options.line, onStderr: options.line }),
    },
  )
}

/** Waits until no process of an earlier receiver holds the environment's lock. Answers whether that came to be in time. */
export async function waitForLock(host: LocalHost, userName: string, timeout: number): Promise<boolean> {
  await mkdir(environmentDir(host, userName), { recursive: true, mode: 0o700 })
  const argv = ['flock', '--wait', String(timeout / 1000), activateLock(host, userName), 'true'] as const
  const ran = await run({ argv: [...argv], env: { PATH: host.path } }, { timeout: timeout + 1000 })
  return ran.code === 0
}

function describeEnd(ran: Ran): string {
  return ran.code === null ? `signal ${ran.signal}` : `exit ${ran.code}`
}
