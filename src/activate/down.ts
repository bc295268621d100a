// `hostenv down`: ends every environment's services of a state directory whose receiver does not run.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { descendants, processes, seesMount } from '../lib/proc.ts'
import { holdState } from '../state/database.ts'

/** Stops all trees whose scan directory is below `runtimeDir`. Answers how many there were. Throws StateInUse. */
export async function down({ stateDir, runtimeDir }: { stateDir: string; runtimeDir: string }): Promise<number> {
  using _held = holdState(stateDir)
  const trees = treesBelow(join(runtimeDir, 'user'))
  for (const { pid } of trees) process.kill(pid, 'SIGTERM')
  const until = Date.now() + 10_000
  while (Date.now() < until && treesBelow(join(runtimeDir, 'user')).length > 0) await sleep(20)
  for (const { pid } of treesBelow(join(runtimeDir, 'user'))) process.kill(pid, 'SIGKILL')
  return trees.length
}

/** The s6-svscan of every environment whose runtime directory is in `root`, whether the record knows it or not. */
export function treesBelow(root: string): { pid: number; user: string }[] {
  const all = processes()
  const users = list(root)
  return all.flatMap(({ pid, command }) => {
    const [program, ...args] = command.split('\0')
    const user = users.find((name) => args.includes(join(root, name, 's6/scan')))
    if (!program?.endsWith('s6-svscan') || user === undefined) return []
    return seesMount(pid, join(root, user)) || descendants(pid, all).length > 0 ? [{ pid, user }] : []
  })
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
