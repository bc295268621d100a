// What is told once an environment is live, kept or stopped.
import type { Context, Ready } from '../context.ts'
import { ownValue } from '../lib/own-value.ts'
import type { DeployKind } from '../state/deploys.ts'
import type { Plan } from './plan.ts'

/** Tells the pusher, and the receiver's log, what became of one plan of a unit. */
export function announce(ctx: Context, { ready, environment }: Plan): void {
  const { report, started, project } = ready.deploy
  if (environment === null && ready.next !== null && ready.key !== null) {
    const live = ctx.state.environments.liveRelease(project, ready.key)
    report.emit({ type: 'kept', key: ready.key, release: live?.n ?? null, duration: performance.now() - started })
  }
  if (environment === null) return
  if (environment.n === null) {
    const { key } = environment
    const goesAt = ctx.state.environments.get(project, key)?.goes_at ?? null
    report.emit({ type: 'stopped', key, how: howStopped(ready.deploy.kind), goesAt })
    return
  }
  for (const name of notGranted(ctx, environment.key, ready))
    report.emit({
      type: 'warning',
      text: `${name} is not granted to ${ready.deploy.project}, so it is not routed here: ask the operator for it`,
    })
  const url = ctx.urlOf(environment.place.facts.hostname)
  report.emit({ type: 'live', url, release: environment.n, duration: performance.now() - started })
  ctx.log.info({ deploy: ready.deploy.id, release: environment.n, url }, 'live')
}

function howStopped(kind: DeployKind): 'paused' | 'purged' | 'stopped' {
  return kind === 'pause' ? 'paused' : kind === 'purge' ? 'purged' : 'stopped'
}

// Custom host names that the policy has for an environment, and that its project may not have.
function notGranted(ctx: Context, key: string, { deploy }: Ready): string[] {
  const policy = ownValue(ctx.state.projects.get(deploy.project)?.policy.environments, key)
  if (!policy) return []
  return Object.keys(policy.virtualHosts).filter(
    (name) => name !== policy.hostenv.hostname && !ctx.granted(name, deploy.project),
  )
}
