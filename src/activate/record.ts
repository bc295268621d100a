// The rows of S3 and S6: what recovery will read, and what is true from the commit on.
import type { Context } from '../context.ts'
import { Refused } from '../records.ts'
import type { Plan } from './plan.ts'

/** S3: what was live before, and what is about to be. Inside a transaction. Throws Refused when the user name is taken. */
export function recordStart(ctx: Context, plan: Plan, unit: number): void {
  const { ready, cur, environment } = plan
  const { deploy } = ready
  if (environment !== null && environment.n !== null) {
    const other = ctx.state.environments.reserve(deploy.project, environment.key, environment.place.facts.userName)
    if (other) throw new Refused(`the user name ${other.user_name} belongs to another environment`)
    ctx.state.environments.setPreview(deploy.project, environment.key, ready.resolved?.preview ?? null)
  }
  ctx.state.deploys.update(deploy.id, {
    ...{ stage: 'switching', unit, cur, key: environment?.key ?? null, release: environment?.n ?? null },
    previous_release: environment?.previous?.n ?? null,
    previous_generation: environment?.generation ?? null,
  })
}

/** S6: the release, what is live, and the policy when the canonical branch said it. Inside a transaction. */
export function recordCommit(ctx: Context, plan: Plan, generation: number): void {
  const { ready, environment } = plan
  const { deploy, resolved } = ready
  ctx.state.deploys.update(deploy.id, { stage: 'committed', key: ready.key })
  // The newest accepted commit of the canonical branch is the policy, whether it is live or was only built.
  if (resolved?.newPolicy) ctx.state.projects.setPolicy(deploy.project, resolved.commit, resolved.newPolicy)
  if (environment === null) return
  if (resolved === null || environment.n === null) {
    ctx.state.environments.setLive(deploy.project, environment.key, null)
    return
  }
  const stages = { ...ready.stages, total: Math.round(performance.now() - deploy.started) }
  ctx.state.deploys.update(deploy.id, { stages: JSON.stringify(stages) })
  ctx.state.environments.addRelease(
    {
      ...{ project: deploy.project, key: environment.key, n: environment.n, generation, stages, label: null },
      ...{ commit: resolved.commit, tree: resolved.tree, storePath: resolved.out },
      ...{ by: deploy.session.pusher.name, at: new Date().toISOString() },
    },
    deploy.id,
  )
  ctx.state.environments.setLive(deploy.project, environment.key, environment.n)
}
