// Every minute: does an environment listen on a TCP port after all? Its release is marked and its project warned.
import type { Context } from '../context.ts'
import { listeningPorts } from '../lib/proc.ts'
import { projectId } from '../lib/repositories.ts'
import { placeOf } from './plan.ts'
import { treeProcesses } from './service-tree.ts'

/** Starts watching; abort the answer to stop. */
export function watchPorts(ctx: Context): AbortController {
  const controller = new AbortController()
  const timer = setInterval(() => look(ctx), ctx.config.limits.portCheckInterval)
  timer.unref()
  controller.signal.addEventListener('abort', () => clearInterval(timer))
  return controller
}

function look(ctx: Context): void {
  for (const { project, key, live } of ctx.state.environments.live()) {
    const { facts } = placeOf(ctx, projectId(project), key)
    const ports = listeningPorts(treeProcesses(ctx.host, facts))
    if (live === null) continue
    ctx.state.environments.markPorts(project, key, live, ports)
    if (ports.length > 0) ctx.log.warn({ project, key, release: live, ports }, 'an environment listens on a port')
  }
}
