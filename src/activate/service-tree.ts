// The tree of services of one environment: an s6-svscan in a session and a pid namespace of its own that outlives the receiver.
import { openSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { descendants, processes, seesMount } from '../lib/proc.ts'
import { start } from '../lib/spawn.ts'
import type { EnvironmentFacts } from '../records.ts'
import { asEnvironment, environmentDir, type LocalHost, makeScanDirectory, type Place } from './host.ts'

/** The s6-svscan of an environment, or null when none runs. Found by what no other environment can imitate. */
export function findTree(host: LocalHost, facts: EnvironmentFacts, all = processes()): number | null {
  const scan = join(facts.runtimeDir, 's6/scan')
  const candidates = all.filter((process) => {
    const [program, ...args] = process.command.split('\0')
    return program?.endsWith('s6-svscan') && args.includes(scan)
  })
  const ours = candidates.filter(({ pid }) => host.sandbox === null || seesMount(pid, facts.runtimeDir))
  return ours[0]?.pid ?? null
}

/** Every process of an environment's tree. */
export function treeProcesses(host: LocalHost, facts: EnvironmentFacts): number[] {
  const all = processes()
  const tree = findTree(host, facts, all)
  return tree === null ? [] : descendants(tree, all)
}

/** Starts the tree when it does not run, and waits until it takes commands. Answers whether it was started now. */
export async function ensureTree(host: LocalHost, place: Place): Promise<boolean> {
  if (findTree(host, place.facts) !== null) return false
  const scan = await makeScanDirectory(place.facts)
  const logs = join(environmentDir(host, place.facts.userName), 'log')
  await mkdir(logs, { recursive: true, mode: 0o700 })
  const log = openSync(join(logs, 'svscan.log'), 'a', 0o600)
  const command = asEnvironment(host, place, ['s6-svscan', '-d', '3', scan], { dieWithParent: false })
  const child = start(command, ['ignore', log, log, 'pipe'], { detached: true })
  child.unref()
  const ready = child.stdio[3]
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) =>
      reject(new Error(`the service manager of ${place.facts.userName} ended at once (${code})`)),
    )
    ready?.once('data', () => resolve())
  })
  ready?.destroy()
  return true
}

/** Stops every service of an environment: asks, waits, kills. Idempotent. */
export async function stopTree(host: LocalHost, facts: EnvironmentFacts): Promise<void> {
  const tree = findTree(host, facts)
  if (tree === null) return
  const members = descendants(tree, processes())
  send(tree, 'SIGTERM')
  const until = Date.now() + host.limits.stopTime
  while (Date.now() < until && findTree(host, facts) === tree) await sleep(20)
  // Killing the first process of a pid namespace ends all of it; without a namespace each is ended by its number.
  if (findTree(host, facts) === tree) for (const pid of host.sandbox === null ? members : [tree]) send(pid, 'SIGKILL')
  while (findTree(host, facts) === tree) await sleep(10)
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended meanwhile: that is what was wanted.
  }
}
