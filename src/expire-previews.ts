// Previews do not stay: who expired is paused, who was paused or torn down for long enough goes with its data. Looked for at the
// start and every minute; what was missed while no receiver ran is made up for in the same order.
import { isOver } from './activate/lifetime.ts'
import { changeEnvironment, ofItself } from './change-environment.ts'
import type { Context } from './context.ts'
import type { Change } from './decide-change.ts'
import { every } from './lib/every.ts'
import { projectId } from './lib/repositories.ts'
import { Slots } from './lib/slots.ts'
import { nobody } from './make-room.ts'
import type { EnvironmentRow } from './state/environments.ts'

/** Looks now and every `limits.expiryCheckInterval`. Abort the answer to stop. */
export function watchPreviews(ctx: Context): AbortController {
  let looking = false
  const look = async () => {
    if (looking || ctx.gate.closed) return
    looking = true
    await expirePreviews(ctx).catch((error: unknown) =>
      ctx.log.error({ err: error }, 'cannot look for expired previews'),
    )
    looking = false
  }
  void look()
  return every(() => ctx.config.limits.expiryCheckInterval, look)
}

/** Pauses what expired, and removes what is due. */
export async function expirePreviews(ctx: Context): Promise<void> {
  await pauseExpired(ctx)
  const { lifetimes } = ctx.state
  const now = timeOf(ctx.now())
  const goesAt = timeOf(ctx.now() + ctx.config.limits.previewGrace)
  for (const { project, key } of quiet(ctx, lifetimes.undated(now))) lifetimes.date(project, key, goesAt)
  await changeAll(ctx, quiet(ctx, lifetimes.due(now)), { kind: 'purge' })
}

const pausing = new WeakMap<Context, Promise<void>>()

/** Pauses every preview whose time is over. What cannot be done is logged, and tried again the next time. */
export async function pauseExpired(ctx: Context): Promise<void> {
  // A start waits for it while the first look is at it already.
  const begun = pausing.get(ctx)
  if (begun !== undefined) return await begun
  const expired = quiet(ctx, ctx.state.lifetimes.expired(timeOf(ctx.now())))
  const all = changeAll(ctx, expired, { kind: 'pause', confirm: null, why: 'pausing: it has expired', expired: true })
  pausing.set(ctx, all)
  await all.finally(() => pausing.delete(ctx))
}

// Somebody who deploys just now decides anew how long it lives. What was declared since is no preview any more.
function quiet(ctx: Context, rows: readonly EnvironmentRow[]): readonly EnvironmentRow[] {
  const busy = new Set(ctx.state.deploys.open().map(({ project, key }) => `${project} ${key}`))
  return rows.filter(({ project, key }) => !busy.has(`${project} ${key}`) && !ctx.state.projects.declares(project, key))
}

// A few at once: one that takes long must not keep the others.
async function changeAll(ctx: Context, rows: readonly EnvironmentRow[], what: Change): Promise<void> {
  const slots = new Slots(() => 8)
  await Promise.allSettled(rows.map((row) => slots.run(ctx.closing, () => change(ctx, row, what))))
}

async function change(ctx: Context, row: EnvironmentRow, what: Change): Promise<void> {
  const { project, key } = row
  // Asked again when its turn comes: meanwhile somebody may have renewed it, or deploys to it.
  if (quiet(ctx, [row]).length === 0 || (what.kind === 'pause' && !isOver(ctx, project, key))) return
  const closed = new AbortController().signal
  const wanted = { project: projectId(project), key, by: ofItself, peer: '-', what, closed }
  try {
    const changed = await changeEnvironment(ctx, wanted, nobody())
    if (!changed.ok) ctx.log.warn({ project, key, reason: changed.reason }, `could not ${what.kind} a preview`)
  } catch (error) {
    ctx.log.error({ project, key, err: error }, `could not ${what.kind} a preview`)
  }
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
