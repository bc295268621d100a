// The whole story of a push, in order: receive → resolve → build → switch → report. Start reading here.
// The steps S0–S8, and what a crash at each of them leaves behind, are described in docs/architecture.md.
import { existsSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { roomLane } from './activate/preview-room.ts'
import { retire } from './activate/retention.ts'
import { dropRoot } from './activate/roots.ts'
import { becomeLive, Unfinished } from './activate/transaction.ts'
import { wouldChange } from './activate/would-change.ts'
import { beginDeploy } from './begin-deploy.ts'
import { canonicalBranch } from './config/grants.ts'
import type { Context, PushDeploy, PushSession, Ready, Terminal } from './context.ts'
import { diskFull, isDiskFull } from './lib/disk-full.ts'
import { laneOf, type Place } from './lib/lanes.ts'
import { isZero } from './lib/oid.ts'
import { projectName } from './lib/repositories.ts'
import { UnitFailure } from './lib/unit-failure.ts'
import { makeReady, mayDeploy, takeRightsAway } from './make-ready.ts'
import { makeRoom } from './make-room.ts'
import { noPushOptions, parsePushOptions } from './receive/push-options.ts'
import type { Received } from './receive/receive-pack.ts'
import { supersede } from './receive/supersede.ts'
import { type PushOptions, type RefUpdate, Refused, type Verdict } from './records.ts'
import { refuse } from './report/refuse.ts'

/**
 * Takes one push from git to its verdicts, one per ref. Never throws.
 * @returns null where no true answer can be given: the deploy is committed, but its ref could not be moved yet
 */
export async function receivePush(
  ctx: Context,
  session: PushSession,
  push: Received,
  words: Writable,
): Promise<Verdict[] | null> {
  const options = attempt(() => parsePushOptions(push.options, ctx.config.limits))
  const color = !(options instanceof Refused) && options.color
  const terminal = { words, live: !push.quiet, color }
  const deploys: PushDeploy[] = []
  try {
    for (const update of canonicalFirst(ctx, session, push.updates))
      deploys.push(receive(ctx, session, update, options, terminal))
  } catch (error) {
    return await notBegun(ctx, deploys, push.updates, error)
  }
  const units = push.atomic ? [deploys] : deploys.map((deploy) => [deploy])
  const queued = units.map((unit) => ({ unit, place: enter(ctx, unit) }))
  try {
    for (const { id } of deploys) await ctx.fault('S0', id)
    for (const deploy of deploys)
      if (!(options instanceof Refused) && isPlain(options) && mayDeploy(ctx, deploy)) await supersede(ctx, deploy)
    const verdicts: Verdict[] = []
    for (const { unit, place } of queued) verdicts.push(...(await deployUnit(ctx, unit, place, options)))
    return verdicts
  } catch (error) {
    ctx.log.error({ err: error }, 'a push ends without an answer')
    // Git tells no ref's verdict then, so what has not begun does not begin.
    const unanswered = new Refused('a ref before it in this push got no answer; push again')
    for (const deploy of deploys)
      if (ctx.state.deploys.get(deploy.id)?.stage === 'received') refuse(ctx, [deploy], unanswered)
    return null
  } finally {
    for (const deploy of deploys) deploy.keep()
    for (const { place } of queued) place.leave()
  }
}

// Not even their rows could be written. Nothing of the push begins then.
async function notBegun(
  ctx: Context,
  begun: readonly PushDeploy[],
  updates: readonly RefUpdate[],
  error: unknown,
): Promise<Verdict[]> {
  ctx.log.error({ err: error }, 'a push could not be recorded')
  const told = isDiskFull(error) ? diskFull() : new Refused('the receiver could not do its part')
  refuse(ctx, begun, told)
  for (const deploy of begun) {
    deploy.keep()
    await deploy.report.close()
  }
  return updates.map(({ ref }) => ({ ref, ok: false, reason: told.message }))
}

// What the canonical branch declares holds for the branches that come with it, whatever order git sent them in.
function canonicalFirst(ctx: Context, { project }: PushSession, updates: readonly RefUpdate[]): RefUpdate[] {
  const canonical = `refs/heads/${canonicalBranch(ctx.config, projectName(project))}`
  const later = ({ ref }: RefUpdate) => (ref === canonical ? 0 : 1)
  return updates.toSorted((a, b) => later(a) - later(b))
}

function receive(
  ctx: Context,
  session: PushSession,
  update: RefUpdate,
  options: PushOptions | Refused,
  terminal: Terminal,
): PushDeploy {
  const asked = options instanceof Refused ? noPushOptions : options
  const how = { detach: asked.detach, plain: isPlain(asked) }
  return {
    ...beginDeploy(ctx, session, { kind: 'push', key: null, ...update }, terminal, how),
    ...{ kind: 'push', update, options: asked },
  }
}

// A push that makes what its ref means live. Only such a one is made pointless by a newer one, and only by such a one.
function isPlain({ dryRun, noActivate, env }: PushOptions): boolean {
  return !dryRun && !noActivate && env === null
}

// A dry run stands in nobody's way.
function enter(ctx: Context, unit: readonly PushDeploy[]): Place {
  const lanes = unit
    .filter(({ options }) => !options.dryRun)
    .flatMap(({ project, update, session }) => [
      laneOf.ref(project, update.ref),
      ...(session.fresh ? [laneOf.repository(project)] : []),
    ])
  return ctx.lanes.enter(unit[0]?.id ?? 0, lanes)
}

// Refs that become live together, or not at all: one ref, or all refs of the push under --atomic.
async function deployUnit(
  ctx: Context,
  unit: readonly PushDeploy[],
  place: Place,
  options: PushOptions | Refused,
): Promise<Verdict[]> {
  const ready: Ready[] = []
  try {
    if (options instanceof Refused) throw options
    if (ctx.gate.closed) unit[0]?.report.emit({ type: 'waiting', text: "the operator's maintenance" })
    await ctx.gate.opened()
    refuseMoved(unit)
    for (const deploy of unit) ready.push(await blaming(deploy, () => makeReady(ctx, deploy)))
    if (options.dryRun) return await tellChanges(ctx, unit, ready)
    for (const { deploy, key } of ready) for (const each of lanesOf(ctx, deploy.project, key)) place.join(each)
    // Not where something else comes with it, under --atomic: that may have to make room, which is a deletion of its own.
    const [only] = unit.length === 1 ? unit : []
    if (only && isZero(only.update.new)) place.join(laneOf.deletions(only.project))
    if (ctx.lanes.mustWait(place.arrival)) unit[0]?.report.emit({ type: 'waiting', text: 'an earlier push' })
    await place.turn(AbortSignal.any(unit.map(({ abort }) => abort.signal))).catch(() => undefined)
    for (const deploy of unit) await blaming(deploy, () => deploy.abort.signal.throwIfAborted())
    const plans = await becomeLive(ctx, ready)
    for (const [index, { environment }] of plans.entries())
      if (environment !== null && environment.n !== null) await roomFor(ctx, unit[index] as PushDeploy, environment.key)
    return unit.map(({ update: { ref, old } }, index) => {
      const cur = plans[index]?.cur ?? old
      return { ref, ok: true, ...(cur === old ? {} : { oldOid: cur }) }
    })
  } catch (error) {
    if (error instanceof Unfinished) throw error
    ctx.reserve.giveUp()
    for (const { deploy, next } of ready) {
      if (next?.newPolicy && deploy.kind === 'push') takeRightsAway(ctx, deploy, next.newPolicy)
      await dropRoot(ctx, deploy.id)
    }
    const reasons = refuse(ctx, unit, error)
    // What it stood on was in use, so it was not dropped.
    for (const { deploy, key } of ready) if (key !== null) void retire(ctx, deploy.project, key)
    return refusals(unit, reasons)
  } finally {
    for (const deploy of unit) {
      deploy.keep()
      await deploy.report.close()
    }
    place.leave()
  }
}

// Previews of one pattern come to be one after the other: there may be so many.
function lanesOf(ctx: Context, project: string, key: string | null): string[] {
  if (key === null) return []
  const room = roomLane(ctx, project, key)
  return [laneOf.environment(project, key), ...(room === null ? [] : [room])]
}

// What is live is live, whatever becomes of those that should make room for it.
async function roomFor(ctx: Context, deploy: PushDeploy, key: string): Promise<void> {
  try {
    await makeRoom(ctx, deploy, key)
  } catch (error) {
    ctx.log.error({ deploy: deploy.id, err: error }, 'no room could be made for what comes next')
    deploy.report.emit({ type: 'warning', text: 'live, but the oldest previews beyond max could not be removed' })
  }
}

// Where a dry run ends: each ref is told what would have become of it.
async function tellChanges(ctx: Context, unit: readonly PushDeploy[], ready: readonly Ready[]): Promise<Verdict[]> {
  const told: Refused[] = []
  for (const [index, one] of ready.entries())
    told.push(await blaming(unit[index] as PushDeploy, () => wouldChange(ctx, one)))
  for (const { id } of unit) await dropRoot(ctx, id)
  return refusals(
    unit,
    unit.flatMap((deploy, index) => refuse(ctx, [deploy], told[index])),
  )
}

function refusals(unit: readonly PushDeploy[], reasons: readonly string[]): Verdict[] {
  return unit.map(({ update: { ref } }, index) => ({ ref, ok: false, reason: reasons[index] ?? '' }))
}

// While it waited: its repository has another place, or none.
function refuseMoved(unit: readonly PushDeploy[]): void {
  const gone = unit.find(({ session }) => !session.fresh && !existsSync(session.repository))
  if (gone) throw new Refused(`${gone.project} was renamed or removed meanwhile; push to its new name`)
}

async function blaming<T>(deploy: PushDeploy, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new UnitFailure(deploy, error)
  }
}

function attempt<T>(work: () => T): T | Refused {
  try {
    return work()
  } catch (error) {
    if (error instanceof Refused) return error
    throw error
  }
}
