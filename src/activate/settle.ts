// Deploys whose end could not be written because the disk was full: undone or finished as at a start, as soon as there is room.
import type { Context } from '../context.ts'
import { every } from '../lib/every.ts'
import { laneOf } from '../lib/lanes.ts'
import { recoverUnit } from './recover.ts'

/** Milliseconds between two looks. */
const LOOK = 1000

/** Looks every second, and keeps the reserve. Abort the answer to stop. */
export function settleUnsettled(ctx: Context): AbortController {
  ctx.reserve.keep()
  return every(
    () => LOOK,
    () => settle(ctx).finally(() => ctx.reserve.keep()),
  )
}

async function settle(ctx: Context): Promise<void> {
  if (ctx.unsettled.size === 0 || ctx.reserve.isTight) return
  const units = Map.groupBy(
    ctx.state.deploys.open().filter(({ id }) => ctx.unsettled.has(id)),
    (row) => row.unit ?? row.id,
  )
  for (const unit of units.values()) {
    const lanes = unit.flatMap(({ project, key }) => (key === null ? [] : [laneOf.environment(project, key)]))
    const place = ctx.lanes.enterFirst(lanes)
    try {
      await place.turn(ctx.closing)
      await recoverUnit(ctx, unit, ({ id }) => ctx.unsettled.get(id) || null)
      for (const { id } of unit) ctx.unsettled.delete(id)
      ctx.log.info({ deploys: unit.map(({ id }) => id) }, 'settled: there is room again')
    } catch (error) {
      ctx.log.debug({ deploy: unit[0]?.id, err: error }, 'not settled yet')
    } finally {
      place.leave()
    }
  }
}
