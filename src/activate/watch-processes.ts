// Where the receiver is root the kernel does not count an environment's processes (setrlimit(2), RLIMIT_NPROC): here they are.
import type { Context } from '../context.ts'
import { descendants, end, type Process, processes } from '../lib/proc.ts'
import { projectId } from '../lib/repositories.ts'
import { placeOf } from './plan.ts'
import { findTree } from './service-tree.ts'

const INTERVAL = 1000

/** Looks every second, when this process is root. Abort the answer to stop. */
export function watchProcesses(ctx: Context): AbortController {
  const controller = new AbortController()
  if (process.getuid?.() !== 0) return controller
  const timer = setInterval(() => look(ctx), INTERVAL)
  timer.unref()
  controller.signal.addEventListener('abort', () => clearInterval(timer))
  return controller
}

function look(ctx: Context): void {
  const most = ctx.config.limits.environmentProcesses
  const all = processes()
  // Most machines have fewer in all.
  if (all.length <= most) return
  endDeploys(ctx, most, all)
  for (const { project, key } of ctx.state.environments.live()) {
    const tree = findTree(ctx.host, placeOf(ctx, projectId(project), key).facts, all)
    const count = tree === null ? 0 : descendants(tree, all).length
    if (tree === null || count <= most) continue
    const why = `it ran ${count} processes at once; at most ${most} are allowed (limits.environmentProcesses)`
    ctx.log.error({ project, key, count }, 'an environment runs too many processes; it is stopped')
    // Marked first: what is broken is not started again. The end of the tree is the end of its pid namespace, of all at once.
    ctx.state.environments.setBroken(project, key, why)
    end(tree)
  }
}

// Evaluation, `activate` and checks: each runs in a bwrap that this process started, and ends with it.
function endDeploys(ctx: Context, most: number, all: readonly Process[]): void {
  for (const { pid, parent, command } of all) {
    if (parent !== process.pid || !command.startsWith('bwrap\0')) continue
    const count = descendants(pid, all).length
    if (count <= most) continue
    ctx.log.error({ count, most }, 'what a deploy started runs too many processes; it is ended')
    end(pid)
  }
}
