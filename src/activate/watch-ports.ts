// Every minute: does an environment listen on a TCP port after all? Its release is marked and its project warned.
import type { Context } from '../context.ts'
import { every } from '../lib/every.ts'
import { listeningPorts } from '../lib/proc.ts'
import { projectId } from '../lib/repositories.ts'
import { placeOf } from './plan.ts'
import { treeProcesses } from './service-tree.ts'

/** Looks every `limits.portCheckInterval`; abort the answer to stop. */
export function watchPorts(ctx: Context): AbortController {
  return every(
    () => ctx.config.limits.portCheckInterval,
    () => look(ctx),
  )
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
