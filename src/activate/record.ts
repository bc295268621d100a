// The rows of S3 and S6: what recovery will read, and what is true from the commit on.
import type { Context } from '../context.ts'
import { zeroOid } from '../lib/oid.ts'
import { Refused } from '../records.ts'
import type { DeployRow } from '../state/deploys.ts'
import type { Plan } from './plan.ts'

/** S3: what was live before, and what is about to be. Inside a transaction. Throws Refused when the user name is taken. */
export function recordStart(ctx: Context, plan: Plan, unit: number): void {
  const { ready, cur, environment } = plan
  const { deploy, next } = ready
  if (environment !== null && environment.n !== null) {
    const other = ctx.state.environments.reserve(deploy.project, environment.key, environment.place.facts.userName)
    if (other) throw new Refused(`the user name ${other.user_name} belongs to another environment`)
    ctx.state.environments.setPreview(deploy.project, environment.key, next?.preview ?? null)
  }
  ctx.state.deploys.update(deploy.id, {
    ...{ stage: 'switching', unit, cur, key: environment?.key ?? null, release: environment?.n ?? null },
    ...(deploy.update === null
      ? { old: environment?.previous?.revision ?? zeroOid, new: next?.commit ?? zeroOid, tree: next?.tree ?? null }
      : {}),
    previous_release: environment?.previous?.n ?? null,
    previous_generation: environment?.generation ?? null,
  })
}

/** S6: the release, what is live, and the policy when the canonical branch said it. Inside a transaction. */
export function recordCommit(ctx: Context, plan: Plan, generation: number): void {
  const { ready, environment } = plan
  const { deploy, next } = ready
  ctx.state.deploys.update(deploy.id, { stage: 'committed', key: ready.key })
  // The newest accepted commit of the canonical branch is the policy, whether it is live or was only built.
  if (next?.newPolicy) ctx.state.projects.setPolicy(deploy.project, next.commit, next.newPolicy)
  if (environment === null) return
  if (next === null || environment.n === null) {
    recordStop(ctx, { project: deploy.project, key: environment.key, kind: deploy.kind })
    return
  }
  const stages = { ...ready.stages, total: Math.round(performance.now() - deploy.started) }
  ctx.state.deploys.update(deploy.id, { stages: JSON.stringify(stages) })
  const { commit, tree, out: storePath, label, closureBytes, since } = next
  ctx.state.environments.addRelease(
    {
      ...{ project: deploy.project, key: environment.key, n: environment.n, generation, stages, label },
      ...{ commit, tree, storePath, closureBytes, since },
      ...{ by: deploy.session.pusher.name, at: new Date().toISOString() },
    },
    deploy.id,
  )
  ctx.state.environments.setLive(deploy.project, environment.key, environment.n)
}

/** S6 of an environment of which nothing is live any more, also where a start redoes it. Inside a transaction. */
export function recordStop(
  ctx: Context,
  { project, key }: Pick<DeployRow, 'project' | 'kind'> & { key: string },
): void {
  ctx.state.environments.setLive(project, key, null)
}
