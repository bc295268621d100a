// The end of deploys that are not live: the row, the log, the pusher's terminal and git's status line say the same.
import type { Context, Deploy } from '../context.ts'
import { diskFull, isDiskFull } from '../lib/disk-full.ts'
import { shortRef } from '../lib/oid.ts'
import { UnitFailure } from '../lib/unit-failure.ts'
import { Refused, refusedEvent } from '../records.ts'
import { statusReason } from './status.ts'

/**
 * Records and tells why deploys of one unit are not live; answers it in one line for each. Each but the culprit is told whose failure it
 * was. Where the disk is too full to record it, it is recorded when there is room.
 */
export function refuse(ctx: Context, deploys: readonly Deploy[], error: unknown): string[] {
  const culprit = error instanceof UnitFailure ? error.deploy : null
  const cause = error instanceof UnitFailure ? error.cause : error
  const told = deploys.map((deploy) => {
    const refused = toRefused(ctx, culprit ?? deploy, cause)
    const own = culprit === null || culprit === deploy
    const reason = own
      ? refused.message
      : `atomic: ${shortRef(culprit.update?.ref ?? '')} was refused (${refused.message})`
    return { deploy, refused, own, reason }
  })
  record(
    ctx,
    told.map(({ deploy: { id }, reason }) => ({ id, reason })),
  )
  return told.map(({ deploy, refused, own, reason }) => {
    ctx.log.info({ deploy: deploy.id, reason }, 'refused')
    if (own && !(error instanceof UnitFailure && error.told)) deploy.report.emit(refusedEvent(refused))
    return statusReason(reason, deploy.id)
  })
}

// What could not be undone yet is not over: it gets its reason when it is.
function record(ctx: Context, failed: readonly { readonly id: number; readonly reason: string }[]): void {
  const over = failed.filter(({ id }) => !ctx.unsettled.has(id))
  for (const { id, reason } of failed) if (ctx.unsettled.has(id)) ctx.unsettled.set(id, reason)
  ctx.reserve.giveUp()
  try {
    ctx.state.atomically(() => {
      for (const { id, reason } of over) ctx.state.deploys.fail(id, reason)
    })
  } catch (error) {
    if (!isDiskFull(error)) throw error
    ctx.log.error({ err: error }, 'the end of a deploy could not be recorded: it is when there is room')
    for (const { id, reason } of over) ctx.unsettled.set(id, reason)
  }
}

// A deploy that was cancelled fails in whatever it was doing: the reason is why it was cancelled.
function toRefused(ctx: Context, deploy: Deploy, error: unknown): Refused {
  const { signal } = deploy.abort
  if (signal.aborted && signal.reason instanceof Refused) return signal.reason
  if (error instanceof Refused) return error
  ctx.log.error({ deploy: deploy.id, err: error }, 'a deploy failed for a reason of the receiver')
  if (isDiskFull(error)) return diskFull()
  return new Refused('the receiver could not do its part', {
    help: [`Its operator finds the cause in its log under deploy ${deploy.id}.`],
  })
}
