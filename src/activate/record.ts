// The rows of S3 and S6: what recovery will read, and what is true from the commit on.
import type { Context } from '../context.ts'
import { zeroOid } from '../lib/oid.ts'
import { type Closure, Refused } from '../records.ts'
import { expiryOf, recordLife, recordStop } from './lifetime.ts'
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

/** What the switch of one environment came to. */
export interface SwitchedOne {
  readonly generation: number
  readonly closure: Closure
  readonly answers: boolean | null
}

/** S6: the release, what is live, and the policy when the canonical branch said it. Inside a transaction. */
export function recordCommit(ctx: Context, plan: Plan, { generation, closure, answers }: SwitchedOne): void {
  const { ready, environment } = plan
  const { deploy, next } = ready
  ctx.state.deploys.update(deploy.id, { stage: 'committed', key: ready.key })
  // The newest accepted commit of the canonical branch is the policy, whether it is live or was only built.
  if (next?.newPolicy) ctx.state.projects.setPolicy(deploy.project, next.commit, next.newPolicy)
  const { project } = deploy
  if (environment === null) {
    // A preview that was pushed to without activation is not forgotten either.
    const row = ready.key === null ? null : ctx.state.environments.get(project, ready.key)
    if (next !== null && row?.live != null)
      ctx.state.lifetimes.expire(project, row.key, expiryOf(ctx, project, row.key, next.ttl))
    return
  }
  const { key } = environment
  if (next === null || environment.n === null) {
    const { name: pusher, fingerprint } = deploy.session.pusher
    recordStop(ctx, { project, key, kind: deploy.kind, pusher, fingerprint })
    return
  }
  const stages = { ...ready.stages, total: Math.round(performance.now() - deploy.started) }
  ctx.state.deploys.update(deploy.id, { stages: JSON.stringify(stages) })
  const { commit, tree, out: storePath, label } = next
  if (next.again === null)
    ctx.state.environments.addRelease({
      ...{ project, key, n: environment.n, generation, stages, label, deploy: deploy.id },
      ...{ commit, tree, storePath, ...closure, answers },
      ...{ by: deploy.session.pusher.name, at: new Date(ctx.now()).toISOString() },
    })
  ctx.state.environments.setLive(project, key, environment.n)
  recordLife(ctx, { project, key, ttl: next.ttl })
  if (next.tag !== null) ctx.state.tags.bind(project, next.tag, commit)
}
