// What becoming live, stopping and pausing mean for how long an environment lives. Inside the transactions of S6, also where a start redoes them.
import type { Context } from '../context.ts'
import { parseTtl } from '../lib/ttl.ts'
import type { DeployRow } from '../state/deploys.ts'
import { previewOf } from '../state/previews.ts'

type Stopped = Pick<DeployRow, 'project' | 'kind' | 'pusher' | 'fingerprint'> & { readonly key: string }

/** Something of an environment was deployed: a preview has its time anew, `ttl` or what its pattern says; nothing else has one. */
export function recordLife(
  ctx: Context,
  { project, key, ttl }: { readonly project: string; readonly key: string; readonly ttl: string | null },
): void {
  ctx.state.lifetimes.live(project, key, expiryOf(ctx, project, key, ttl))
}

/** When a preview expires that is renewed now; null: never. One whose pattern is gone keeps the time that it has. */
export function expiryOf(ctx: Context, project: string, key: string, ttl: string | null): string | null {
  const row = ctx.state.environments.get(project, key)
  if (row === null || row.preview === null) return null
  // What means it now: the pattern that made it may have another name since.
  const policy = ctx.state.projects.get(project)?.policy
  const preview = policy === undefined ? null : previewOf(policy, key)
  if (ttl === null && preview === null) return row.expires_at
  const text = ttl ?? preview?.ttl ?? null
  return text === null ? null : later(ctx, parseTtl(text) ?? 0)
}

/** Whether something of it is live beyond its time. */
export function isOver(ctx: Context, project: string, key: string): boolean {
  const row = ctx.state.environments.get(project, key)
  return row !== null && row.live !== null && row.expires_at !== null && Date.parse(row.expires_at) <= ctx.now()
}

/** Nothing of it is live any more. What is declared keeps everything; a preview, or what is declared no more, keeps it for the grace period. */
export function recordStop(ctx: Context, { project, key, kind, pusher, fingerprint }: Stopped): void {
  const row = ctx.state.environments.get(project, key)
  ctx.state.environments.setLive(project, key, null)
  if (row === null || kind === 'purge') return
  const goesAt = later(ctx, ctx.config.limits.previewGrace)
  if (kind === 'pause') {
    // Who has no key is the receiver itself: it expired.
    if (row.live !== null)
      ctx.state.lifetimes.paused(project, key, row.live, pusher, fingerprint === '' ? goesAt : null)
    return
  }
  ctx.state.lifetimes.stopped(project, key, ctx.state.projects.declares(project, key) ? null : goesAt)
}

function later(ctx: Context, milliseconds: number): string {
  return new Date(ctx.now() + milliseconds).toISOString()
}
