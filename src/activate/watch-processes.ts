// What the kernel does not count is counted here, every second: an environment's memory, and where the receiver is root its processes
// too (setrlimit(2), RLIMIT_NPROC).
import type { Context } from '../context.ts'
import { runtimeDirOf } from '../lib/names.ts'
import { descendants, type Process, processes } from '../lib/proc.ts'
import { boundedRuns } from '../lib/spawn.ts'
import { overuse } from '../lib/usage.ts'
import type { EnvironmentRow } from '../state/environments.ts'
import { boundsOf } from './host.ts'
import { endTree, findTree, treeUsers } from './service-tree.ts'

const INTERVAL = 1000

/** Looks every second. Abort the answer to stop. */
export function watchProcesses(ctx: Context): AbortController {
  const controller = new AbortController()
  const timer = setInterval(() => {
    try {
      look(ctx)
    } catch (error) {
      ctx.log.error({ err: error }, 'cannot look at what environments use')
    }
  }, INTERVAL)
  timer.unref()
  controller.signal.addEventListener('abort', () => clearInterval(timer))
  return controller
}

function look(ctx: Context): void {
  const all = processes()
  lookAtRuns(ctx, all)
  // From the processes to the record, not the other way: there may be a thousand environments, most of them paused.
  for (const userName of treeUsers(ctx.resolve.site.runtimeRoot, all)) {
    const facts = { userName, runtimeDir: runtimeDirOf(ctx.resolve.site.runtimeRoot, userName) }
    const tree = findTree(ctx.host, facts, all)
    const why = tree === null ? null : overuse(descendants(tree, all), boundsOf(ctx.host))
    if (tree === null || why === null) continue
    // Marked before its tree ends: what is broken is not started again. On a full disk it cannot be marked, and ends all the same.
    try {
      const row = ctx.state.environments.byUserName(userName)
      if (row !== null) mark(ctx, row, why)
    } finally {
      endTree(facts, tree, why)
    }
  }
}

// While it switches, the deploy fails and undoes it.
function mark(ctx: Context, { project, key, live }: EnvironmentRow, why: string): void {
  ctx.log.error({ project, key }, `an environment is over a limit; it is stopped: ${why}`)
  const open = ctx.state.deploys.open().filter(({ stage }) => stage === 'switching' || stage === 'switched')
  const switches = open.some((deploy) => deploy.project === project && deploy.key === key)
  if (live !== null && !switches) ctx.state.environments.setBroken(project, key, `its services were stopped: ${why}`)
}

// Evaluation and `activate`: what `run` started, with all that it started.
function lookAtRuns(ctx: Context, all: readonly Process[]): void {
  for (const { pid, bounds, end } of boundedRuns()) {
    const why = overuse(descendants(pid, all), bounds)
    if (why === null) continue
    ctx.log.error({ pid }, `what a deploy started is over a limit; it is ended: ${why}`)
    end(why)
  }
}
