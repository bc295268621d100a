// The end of a deploy that is not live: the row, the log, the pusher's terminal and git's status line say the same.
import type { Context, Deploy } from '../context.ts'
import { shortRef } from '../lib/oid.ts'
import { UnitFailure } from '../lib/unit-failure.ts'
import { Refused, refusedEvent } from '../records.ts'
import { statusReason } from './status.ts'

/**
 * Records and tells why a deploy is not live; answers it in one line. With others in one unit, each but the culprit is told whose
 * failure it was.
 */
export function refuse(ctx: Context, deploy: Deploy, error: unknown): string {
  const culprit = error instanceof UnitFailure ? error.deploy : deploy
  const cause = error instanceof UnitFailure ? error.cause : error
  const refused = toRefused(ctx, culprit, cause)
  const own = culprit === deploy
  const reason = own
    ? refused.message
    : `atomic: ${shortRef(culprit.update?.ref ?? '')} was refused (${refused.message})`
  ctx.state.deploys.fail(deploy.id, reason)
  ctx.log.info({ deploy: deploy.id, reason }, 'refused')
  if (own && !(error instanceof UnitFailure && error.told)) deploy.report.emit(refusedEvent(refused))
  return statusReason(reason, deploy.id)
}

// A deploy that was cancelled fails in whatever it was doing: the reason is why it was cancelled.
function toRefused(ctx: Context, deploy: Deploy, error: unknown): Refused {
  const { signal } = deploy.abort
  if (signal.aborted && signal.reason instanceof Refused) return signal.reason
  if (error instanceof Refused) return error
  ctx.log.error({ deploy: deploy.id, err: error }, 'a deploy failed for a reason of the receiver')
  if (error instanceof Error && /ENOSPC|database or disk is full|No space left/.test(error.message))
    return new Refused('the disk of the receiver is full', {
      help: ['Its operator has to make room; then push again.'],
    })
  return new Refused('the receiver could not do its part', {
    help: [`Its operator finds the cause in its log under deploy ${deploy.id}.`],
  })
}
