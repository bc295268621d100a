// The processes of an environment that stay while nothing happens to it, and which of them are gone.
import { processes } from '../../src/lib/proc.ts'
import { tree } from './agree.ts'
import type { Receiver } from './receiver.ts'

/** Its supervisors, their logs and its node. What these start for a moment is left out, and so is what is only about to become one. */
export function lasting(receiver: Receiver, userName: string): number[] {
  const commands = new Map(processes().map((one) => [one.pid, one.command]))
  const lasts = /^(\S*\/)?(s6-svscan|s6-supervise|s6-log|node)\0/
  return tree(receiver, userName).filter((pid) => lasts.test(commands.get(pid) ?? ''))
}

/** Those of `pids` that are no longer below the environment's supervisor. */
export function gone(receiver: Receiver, userName: string, pids: readonly number[]): number[] {
  const now = tree(receiver, userName)
  return pids.filter((pid) => !now.includes(pid))
}
