// From built to live, S2 to S8: refs prepared, environments switched, one commit, refs moved. All of a unit, or nothing.
import type { Context, Ready } from '../context.ts'
import { diskFull, isDiskFull, noRoom } from '../lib/disk-full.ts'
import { shortRef } from '../lib/oid.ts'
import { type PreparedRefs, prepareRefs, RefConflict } from '../lib/ref-transaction.ts'
import { putInPlace, repositoryPath } from '../lib/repositories.ts'
import { UnitFailure } from '../lib/unit-failure.ts'
import { Refused, refusedEvent } from '../records.ts'
import { notRestored } from '../state/environments.ts'
import { announce } from './announce.ts'
import { makePlan, type Plan, refChanges, verificationOf } from './plan.ts'
import { checkRoom } from './preview-room.ts'
import { recordCommit, recordStart, type SwitchedOne } from './record.ts'
import { conclude, moveRefs, redo } from './redo.ts'
import { retire } from './retention.ts'
import { type StandBy, standBy } from './run-activate.ts'
import { stopTree } from './service-tree.ts'
import { activate, switchProfile, undo } from './switch.ts'
import { dropUnreleased } from './unreleased.ts'

/** The deploy is live and recorded, but not all of it is done: no verdict would be true. The next start finishes it. */
export class Unfinished extends Error {}

/** Makes a built unit live under its locks. Throws UnitFailure when it is not live; then everything is as it was. */
export async function becomeLive(ctx: Context, unit: readonly Ready[]): Promise<readonly Plan[]> {
  const plans: Plan[] = []
  const switched: Plan[] = []
  const done = new Map<Plan, SwitchedOne>()
  let refs: PreparedRefs | null = null
  let current = unit[0] as Ready
  try {
    // S2: the ref and the policy as they are now, and a transaction of which git says that it will work.
    for (const ready of unit) {
      current = ready
      await finishEarlier(ctx, ready)
      plans.push(await makePlan(ctx, ready))
    }
    refuseTwice(plans)
    const pushed = plans.filter(({ environment }) => environment !== null && environment.n !== null)
    checkRoom(
      ctx,
      current.deploy.project,
      pushed.flatMap(({ environment }) => environment?.key ?? []),
    )
    // The sandbox of `activate` is made while git and the record are waited for; several would stand in each other's way.
    await using early = plans.length === 1 ? earlyStandBy(ctx, plans[0] as Plan) : null
    refs = await prepared(ctx, plans)
    await fault(ctx, 'S2', plans)
    // S3: from here on a crash is undone by the next start (a stop is redone). Whether it was cancelled is asked for the
    // last time in the same breath: no cancellation gets lost, and none comes later.
    for (const ready of unit) {
      current = ready
      ready.deploy.abort.signal.throwIfAborted()
    }
    ctx.state.atomically(() => {
      for (const plan of plans) recordStart(ctx, plan, unit[0]?.deploy.id ?? 0)
    })
    for (const { deploy } of unit) deploy.keep()
    await fault(ctx, 'S3', plans)
    for (const plan of plans) {
      current = plan.ready
      switched.push(plan)
      await begins(ctx, plan)
      done.set(plan, await switchOne(ctx, plan, early))
    }
    // S6, the commit point: before it everything is undone, after it everything is redone.
    ctx.state.atomically(() => {
      for (const plan of plans) recordCommit(ctx, plan, done.get(plan) ?? nothing)
    })
  } catch (error) {
    const told = error instanceof Refused
    ctx.reserve.giveUp()
    if (told) current.deploy.report.emit(refusedEvent(error))
    try {
      for (const plan of switched.toReversed()) await undoOne(ctx, plan)
    } catch {
      // No room even for that: it is undone when there is some, as after a crash.
      for (const { deploy } of unit) ctx.unsettled.set(deploy.id, '')
    }
    await refs?.abort()
    throw new UnitFailure(current.deploy, error, told)
  } finally {
    for (const plan of switched) ends(ctx, plan)
  }
  try {
    await fault(ctx, 'S6', plans)
    ctx.state.people.refresh()
    await finish(ctx, plans, refs)
  } catch (error) {
    await refs.abort()
    const full = isDiskFull(error)
    for (const { ready } of plans) {
      if (full) ctx.unsettled.set(ready.deploy.id, '')
      const { emit } = ready.deploy.report
      if (full)
        emit({ type: 'warning', text: 'live, but not finished: the disk is full; it finishes when there is room' })
      else emit({ type: 'warning', text: 'live, but not finished: the receiver finishes it later' })
    }
    throw new Unfinished('live, but its ref could not be moved', { cause: error })
  }
  return plans
}

// S7 and S8. What fails here is only late: the record says that it is live, and the next start finishes it.
async function finish(ctx: Context, plans: readonly Plan[], refs: PreparedRefs): Promise<void> {
  try {
    await refs.commit()
  } catch (error) {
    // Git was killed, perhaps: what it did not do is done again, once.
    ctx.log.error({ deploy: plans[0]?.ready.deploy.id, err: error }, 'the refs did not move at first')
    for (const { ready } of plans) await moveRefs(ctx, ctx.state.deploys.get(ready.deploy.id))
  }
  for (const { ready } of plans) await settle(ctx, ready)
  await fault(ctx, 'S7', plans)
  for (const { ready } of plans) {
    const row = ctx.state.deploys.get(ready.deploy.id)
    if (row !== null) await conclude(ctx, row)
  }
  await fault(ctx, 'S8', plans)
  for (const plan of plans) announce(ctx, plan)
  // Nobody waits for it: it begins once this has left the environment.
  for (const { ready, environment } of plans)
    if (environment !== null) void retire(ctx, ready.deploy.project, environment.key)
}

// A new project's repository gets its place; what else came with the same push is deployed from there.
async function settle(ctx: Context, { deploy }: Ready): Promise<void> {
  if (!deploy.session.fresh) return
  const final = repositoryPath(ctx.config.stateDir, deploy.project)
  await putInPlace(deploy.session.repository, final)
  deploy.session.repository = final
  deploy.session.fresh = false
}

// Requests wait from just before the services change until they have changed, or are what they were again.
async function begins(ctx: Context, { environment }: Plan): Promise<void> {
  if (environment) await ctx.switching.begin(environment.place.facts.userName)
}

function ends(ctx: Context, { environment }: Plan): void {
  if (environment) ctx.switching.end(environment.place.facts.userName)
}

const nothing: SwitchedOne = { generation: 0, closure: { closureBytes: null, since: null }, answers: null }

// Null where nothing ever was live: a push that goes wrong before S3 leaves no directories behind.
function earlyStandBy(ctx: Context, { environment, ready: { deploy, next } }: Plan): StandBy | null {
  if (environment === null || environment.n === null || environment.generation === null || next === null) return null
  const release = { n: environment.n, revision: next.commit }
  return standBy(ctx.host, environment.place, next.out, release, deploy.report.emit)
}

// S4 and S5 of one environment.
async function switchOne(ctx: Context, plan: Plan, early: StandBy | null): Promise<SwitchedOne> {
  const {
    environment,
    ready: { deploy, next },
  } = plan
  if (environment === null) return nothing
  if (next === null || environment.n === null) {
    await stopTree(ctx.host, environment.place.facts)
    for (const point of ['S4', 'S5'] as const) await ctx.fault(point, deploy.id)
    return { ...nothing, generation: environment.generation ?? 0 }
  }
  const { emit } = deploy.report
  emit({ type: 'activating', release: environment.n })
  const { out, verification, proven } = next
  const { place } = environment
  const release = { n: environment.n, revision: next.commit }
  await using ready = early ?? standBy(ctx.host, place, out, release, emit)
  const { generation, kept } = switchProfile(ctx.host, place, next)
  ctx.state.deploys.update(deploy.id, { stage: 'switched', generation })
  await ctx.fault('S4', deploy.id)
  const activation = { place, out, release, verification, proven, ready }
  // What fails is told, but not before the root is there or is not: nothing of a deploy goes on after it.
  const [activated, root] = await Promise.allSettled([activate(ctx.host, activation, emit), kept])
  if (activated.status === 'rejected') throw activated.reason
  if (root.status === 'rejected') throw root.reason
  await ctx.fault('S5', deploy.id)
  return { generation, closure: await next.closure, answers: activated.value }
}

/** Takes one switch back; an environment that cannot be taken back is `broken`, and says so. Throws only where the disk is too full for it. */
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
    await dropUnreleased(ctx, deploy.project, environment.key)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    if (isDiskFull(error) || ctx.reserve.isTight) throw error
    ctx.log.error({ deploy: deploy.id, err: error }, 'undo failed: the environment is broken')
    ctx.state.environments.setBroken(deploy.project, environment.key, `${notRestored}: ${why}`)
    deploy.report.emit({
      type: 'warning',
      text: `${environment.key} is broken: the release before could not be restored (${why})`,
    })
  }
}

// An earlier deploy may be live without its ref being where it belongs (Unfinished): first things first.
async function finishEarlier(ctx: Context, { deploy, key }: Ready): Promise<void> {
  for (const row of ctx.state.deploys.open()) {
    if (row.stage !== 'committed' || row.project !== deploy.project) continue
    if ((deploy.update !== null && row.ref === deploy.update.ref) || (key !== null && row.key === key))
      await redo(ctx, row)
  }
}

function refuseTwice(plans: readonly Plan[]): void {
  const keys = plans.flatMap(({ environment }) => environment?.key ?? [])
  const twice = keys.find((key, index) => keys.indexOf(key) !== index)
  if (twice !== undefined) throw new Refused(`two refs of one atomic push mean ${twice}; push them one by one`)
}

async function prepared(ctx: Context, plans: readonly Plan[]): Promise<PreparedRefs> {
  const session = plans[0]?.ready.deploy.session
  const repository = session?.repository ?? ''
  try {
    return await prepareRefs(repository, ctx.host.path, plans.flatMap(refChanges), session?.refs)
  } catch (error) {
    if (!(error instanceof RefConflict)) throw error
    if (await noRoom(repository)) throw diskFull()
    const names = plans
      .map(({ ready }) => shortRef(ready.deploy.update?.ref ?? `refs/hostenv of ${ready.key}`))
      .join(', ')
    throw new Refused(`git cannot update ${names}: ${error.message}`)
  }
}

async function fault(ctx: Context, point: Parameters<Context['fault']>[0], plans: readonly Plan[]): Promise<void> {
  for (const { ready } of plans) await ctx.fault(point, ready.deploy.id)
}
