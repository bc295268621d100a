// Every minute: does an environment listen on a TCP port after all? Its release is marked and its project warned.
import { setImmediate as others } from 'node:timers/promises'
import type { Context } from '../context.ts'
import { every } from '../lib/every.ts'
import { runtimeDirOf } from '../lib/names.ts'
import { listeningPorts, processes, tcpListeners } from '../lib/proc.ts'
import { treeProcesses } from './service-tree.ts'

/** Looks every `limits.portCheckInterval`; abort the answer to stop. */
export function watchPorts(ctx: Context): AbortController {
  const controller = every(
    () => ctx.config.limits.portCheckInterval,
    () =>
      look(ctx, controller.signal).catch((error: unknown) => ctx.log.error({ err: error }, 'cannot look for ports')),
  )
  return controller
}

async function look(ctx: Context, signal: AbortSignal): Promise<void> {
  const all = processes()
  const listeners = tcpListeners()
  for (const { project, key, live, user_name: user } of ctx.state.environments.live()) {
    // There may be a thousand environments: whoever waits for an answer comes in between.
    await others()
    if (signal.aborted) return
    const runtimeDir = runtimeDirOf(ctx.resolve.site.runtimeRoot, user)
    const ports = listeningPorts(treeProcesses(ctx.host, { runtimeDir }, all), listeners)
    if (live === null) continue
    // A row that says so already is not written again, which would wait for the disk.
    if (ctx.state.environments.ports(project, key, live) !== ports.join(' '))
      ctx.state.environments.markPorts(project, key, live, ports)
    if (ports.length > 0) ctx.log.warn({ project, key, release: live, ports }, 'an environment listens on a port')
  }
}
