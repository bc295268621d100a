// Who is killed: everything that a push and an environment consist of, found among the processes of one receiver.
import { descendants, end, type Process, processes } from '../../src/lib/proc.ts'
import { tree, userName } from '../../test/helpers/agree.ts'
import type { Receiver } from '../../test/helpers/receiver.ts'
import type { Random } from './random.ts'

export const victims = ['daemon', 'git', 'hook', 'nix', 'builder', 'sandbox', 'activate', 'service', 'client'] as const
export type Victim = (typeof victims)[number]

/** Command lines, their words separated by NUL, of what runs below the receiver. */
const patterns = {
  git: /^git[\0-]/,
  hook: /\/hooks\/(pre|proc)-receive\0/,
  nix: /^nix[\0-]/,
  sandbox: /^(bwrap|unshare)\0/,
  activate: /-activate\/(bin\/activate|share\/hostenv\/managers)/,
} as const

interface Where {
  readonly project: string
  readonly key: string
}

/** SIGKILL to one of them, picked by chance. Answers what was killed, or null where there is nobody of that kind now. */
export function strike(receiver: Receiver, victim: Victim, { project, key }: Where, chance: Random): string | null {
  if (victim === 'daemon') {
    process.kill(receiver.pid, 'SIGKILL')
    return 'the daemon'
  }
  const all = processes()
  if (victim === 'service') {
    const user = userName(receiver, project, key)
    const pids = new Set(user === null ? [] : tree(receiver, user).slice(1))
    return kill(
      all.filter(({ pid }) => pids.has(pid)),
      chance,
    )
  }
  if (victim === 'client') {
    const mine = `/${project}.git'`
    return kill(
      all.filter(
        ({ command }) => /^ssh\0/.test(command) && command.includes(mine) && command.includes(receiver.directory),
      ),
      chance,
    )
  }
  const below = new Set(descendants(receiver.pid, all))
  const own = all.filter(({ pid }) => below.has(pid))
  if (victim !== 'builder')
    return kill(
      own.filter(({ command }) => patterns[victim].test(command)),
      chance,
    )
  // What runs below a `nix build` and is none of Nix's own processes.
  const nix = own.filter(({ command }) => /^nix\0.*\0build\0/.test(command))
  const built = new Set(nix.flatMap(({ pid }) => descendants(pid, all)))
  return kill(
    own.filter(({ pid, command }) => built.has(pid) && command !== '' && !patterns.nix.test(command)),
    chance,
  )
}

/** A receiver that is on its way up is killed too, wherever it is. */
export function strikeStarting(receiver: Receiver): void {
  for (const { pid, command } of processes())
    if (command.includes('\0serve\0') && command.includes(receiver.stateDir)) end(pid)
}

function kill(found: readonly Process[], chance: Random): string | null {
  if (found.length === 0) return null
  const { pid, command } = chance.pick(found)
  end(pid)
  return command.replaceAll('\0', ' ').slice(0, 120)
}
