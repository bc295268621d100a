// What a start does about what the last one did not finish: before the commit everything is undone, after it redone.
// Nothing is inferred from a profile or a ref; the rows alone say how far a deploy came. A unit is one: all of it, or nothing.
import type { Context } from '../context.ts'
import { isDiskFull } from '../lib/disk-full.ts'
import { isZero } from '../lib/oid.ts'
import { projectId } from '../lib/repositories.ts'
import type { DeployRow } from '../state/deploys.ts'
import { notRestored } from '../state/environments.ts'
import { recordStop } from './lifetime.ts'
import { liveRelease, placeOf, verificationOf } from './plan.ts'
import { redo } from './redo.ts'
import { dropRoot } from './roots.ts'
import { quietLock } from './run-activate.ts'
import { stopTree } from './service-tree.ts'
import { undo } from './switch.ts'
import { dropUnreleased } from './unreleased.ts'

/** Finishes every open deploy of an earlier receiver, oldest first. One that cannot be finished is told, and keeps no other from it. */
export async function recover(ctx: Context): Promise<void> {
  const units = Map.groupBy(ctx.state.deploys.open(), (row) => row.unit ?? row.id)
  for (const unit of units.values()) {
    for (const { id, stage } of unit) ctx.log.warn({ deploy: id, stage }, 'left by an earlier receiver')
    try {
      await recoverUnit(ctx, unit)
    } catch (error) {
      ctx.log.error({ deploy: unit[0]?.id, err: error }, 'could not be finished: the next start tries again')
      if (isDiskFull(error) || ctx.reserve.isTight) for (const { id } of unit) ctx.unsettled.set(id, '')
    }
  }
}

/** Undoes or finishes one unit. `reasonOf` says why a deploy is not live where that is known. Throws what keeps it from that. */
export async function recoverUnit(
  ctx: Context,
  unit: readonly DeployRow[],
  reasonOf: (row: DeployRow) => string | null = () => null,
): Promise<void> {
  const switching = unit.filter(({ stage }) => stage === 'switching' || stage === 'switched')
  const stops = switching.length > 0 && switching.every((row) => isZero(row.new))
  if (stops) await stopAll(ctx, switching)
  if (stops || unit.some(({ stage }) => stage === 'committed')) {
    for (const row of unit) await redo(ctx, row)
    return
  }
  for (const row of switching.toReversed()) await undoRow(ctx, row)
  ctx.state.atomically(() => {
    for (const row of unit)
      ctx.state.deploys.fail(
        row.id,
        reasonOf(row) ?? `interrupted: the receiver was stopped; ${row.kind === 'push' ? 'push again' : 'try again'}`,
      )
  })
  for (const { id } of unit) await dropRoot(ctx, id)
}

async function undoRow(ctx: Context, row: DeployRow): Promise<void> {
  if (row.key === null) return
  const place = placeOf(ctx, projectId(row.project), row.key)
  try {
    await quietLock(ctx.host, place.facts.userName)
    const previous = liveRelease(ctx, row.project, row.key)
    const verification = verificationOf(ctx, row.project, row.key)
    await undo(ctx.host, { place, previous, generation: row.previous_generation, verification }, () => undefined)
    await dropUnreleased(ctx, row.project, row.key)
  } catch (error) {
    if (isDiskFull(error) || ctx.reserve.isTight) throw error
    ctx.log.error({ deploy: row.id, err: error }, 'undo failed: the environment is broken')
    const why = error instanceof Error ? error.message : String(error)
    ctx.state.environments.setBroken(row.project, row.key, `${notRestored}: ${why}`)
  }
}

// A teardown is always redone: the rest of it is as good as its beginning.
async function stopAll(ctx: Context, rows: readonly DeployRow[]): Promise<void> {
  for (const { project, key } of rows) {
    if (key === null) continue
    const { facts } = placeOf(ctx, projectId(project), key)
    await quietLock(ctx.host, facts.userName)
    await stopTree(ctx.host, facts)
  }
  ctx.state.atomically(() => {
    for (const row of rows) {
      const { id, key } = row
      ctx.state.deploys.update(id, { stage: 'committed' })
      if (key !== null) recordStop(ctx, { ...row, key })
    }
  })
}
