// From built to live, S2 to S8: refs prepared, environments switched, one commit, refs moved. All of a unit, or nothing.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context, Ready } from '../context.ts'
import { shortRef } from '../lib/oid.ts'
import { type PreparedRefs, prepareRefs, RefConflict } from '../lib/ref-transaction.ts'
import { putInPlace, repositoryPath } from '../lib/repositories.ts'
import { UnitFailure } from '../lib/unit-failure.ts'
import { Refused, refusedEvent, type Verdict } from '../records.ts'
import { makePlan, type Plan, refChanges, verificationOf } from './plan.ts'
import { recordCommit, recordStart } from './record.ts'
import { stopTree } from './service-tree.ts'
import { activate, switchProfile, undo } from './switch.ts'

/** The deploy is live and recorded, but not all of it is done: no verdict would be true. The next start finishes it. */
export class Unfinished extends Error {}

/** Makes a built unit live under its locks. Throws UnitFailure when it is not live; then everything is as it was. */
export async function becomeLive(ctx: Context, unit: readonly Ready[]): Promise<Verdict[]> {
  const plans: Plan[] = []
  const switched: Plan[] = []
  const generations = new Map<Plan, number>()
  let refs: PreparedRefs | null = null
  let current = unit[0] as Ready
  try {
    // S2: the ref and the policy as they are now, and a transaction of which git says that it will work.
    for (const ready of unit) {
      current = ready
      plans.push(await makePlan(ctx, ready))
    }
    refs = await prepared(ctx, plans)
    await fault(ctx, 'S2', plans)
    // S3: from here on a crash is undone by the next start (a stop is redone).
    ctx.state.atomically(() => {
      for (const plan of plans) recordStart(ctx, plan, unit[0]?.deploy.id ?? 0)
    })
    await fault(ctx, 'S3', plans)
    for (const plan of plans) {
      current = plan.ready
      switched.push(plan)
      generations.set(plan, await switchOne(ctx, plan))
    }
    // S6, the commit point: before it everything is undone, after it everything is redone.
    ctx.state.atomically(() => {
      for (const plan of plans) recordCommit(ctx, plan, generations.get(plan) ?? 0)
    })
  } catch (error) {
    const told = error instanceof Refused
    if (told) current.deploy.report.emit(refusedEvent(error))
    for (const plan of switched.toReversed()) await undoOne(ctx, plan)
    await refs?.abort()
    throw new UnitFailure(current.deploy, error, told)
  }
  await fault(ctx, 'S6', plans)
  ctx.state.people.refresh()
  try {
    await finish(ctx, plans, refs)
  } catch (error) {
    throw new Unfinished('live, but its ref could not be moved', { cause: error })
  }
  return plans.map(({ ready, cur }): Verdict => {
    const { ref, old } = ready.deploy.update
    return { ref, ok: true, ...(cur === old ? {} : { oldOid: cur }) }
  })
}

// S7 and S8. What fails here is only late: the record says that it is live, and the next start finishes it.
async function finish(ctx: Context, plans: readonly Plan[], refs: PreparedRefs): Promise<void> {
  const session = plans[0]?.ready.deploy.session
  await refs.commit()
  if (session?.fresh)
    await putInPlace(session.repository, repositoryPath(ctx.config.stateDir, plans[0]?.ready.deploy.project ?? ''))
  await fault(ctx, 'S7', plans)
  for (const { ready } of plans) {
    ctx.state.deploys.update(ready.deploy.id, { stage: 'done', finished_at: new Date().toISOString() })
    await dropRoot(ctx, ready.deploy.id)
  }
  await fault(ctx, 'S8', plans)
  for (const plan of plans) announce(ctx, plan)
}

// S4 and S5 of one environment. Answers the generation that is current now.
async function switchOne(ctx: Context, plan: Plan): Promise<number> {
  const { environment, ready } = plan
  const { deploy, resolved } = ready
  if (environment === null) return 0
  if (resolved === null || environment.n === null) {
    await stopTree(ctx.host, environment.place.facts)
    return environment.generation ?? 0
  }
  const { emit } = deploy.report
  emit({ type: 'activating', release: environment.n })
  const generation = await switchProfile(ctx.host, environment.place, resolved.out)
  ctx.state.deploys.update(deploy.id, { stage: 'switched', generation })
  await ctx.fault('S4', deploy.id)
  const release = { n: environment.n, revision: resolved.commit }
  const verification = resolved.environment.deploymentVerification
  await activate(ctx.host, { place: environment.place, out: resolved.out, release, verification }, emit)
  await ctx.fault('S5', deploy.id)
  return generation
}

/** Takes one switch back; an environment that cannot be taken back is `broken`, and says so. Never throws. */
export async function undoOne(ctx: Context, plan: Pick<Plan, 'environment' | 'ready'>): Promise<void> {
  const { environment, ready } = plan
  if (environment === null) return
  const { deploy } = ready
  try {
    await undo(
      ctx.host,
      { ...environment, verification: verificationOf(ctx, deploy.project, environment.key) },
      deploy.report.emit,
    )
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    ctx.log.error({ deploy: deploy.id, err: error }, 'undo failed: the environment is broken')
    ctx.state.environments.setBroken(deploy.project, environment.key, why)
    deploy.report.emit({
      type: 'warning',
      text: `${environment.key} is broken: the release before could not be restored (${why})`,
    })
  }
}

function announce(ctx: Context, { ready, environment }: Plan): void {
  const { report, started } = ready.deploy
  if (environment === null) return
  if (environment.n === null) {
    report.emit({ type: 'removed', key: environment.key })
    return
  }
  const url = ctx.urlOf(environment.place.facts.hostname)
  report.emit({ type: 'live', url, release: environment.n, duration: performance.now() - started })
  ctx.log.info({ deploy: ready.deploy.id, release: environment.n, url }, 'live')
}

async function prepared(ctx: Context, plans: readonly Plan[]): Promise<PreparedRefs> {
  const repository = plans[0]?.ready.deploy.session.repository ?? ''
  try {
    return await prepareRefs(repository, ctx.host.path, plans.flatMap(refChanges))
  } catch (error) {
    if (!(error instanceof RefConflict)) throw error
    const names = plans.map(({ ready }) => shortRef(ready.deploy.update.ref)).join(', ')
    throw new Refused(`git cannot update ${names}: ${error.message}`)
  }
}

async function fault(ctx: Context, point: Parameters<Context['fault']>[0], plans: readonly Plan[]): Promise<void> {
  for (const { ready } of plans) await ctx.fault(point, ready.deploy.id)
}

/** The link that keeps a build from the garbage collector while its deploy lasts. */
export function rootLink(ctx: Pick<Context, 'config'>, deploy: number): string {
  return join(ctx.config.stateDir, 'roots', `d${deploy}`)
}

/** Lets go of a deploy's build: a release is kept by its generation from now on. */
export async function dropRoot(ctx: Pick<Context, 'config'>, deploy: number): Promise<void> {
  await rm(rootLink(ctx, deploy), { force: true })
}
