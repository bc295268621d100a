// Old releases go: those beyond `keptReleases`, and those that were replaced longer than `keptReleaseTime` ago. Never what is live or
// would wake, nor the one before it, to which one goes back. The record says first that a release is collected; then its ref and
// its generation go, so what a crash leaves is finished by the next look.
import type { Context } from '../context.ts'
import { every } from '../lib/every.ts'
import { listRefs } from '../lib/git-reads.ts'
import { laneOf } from '../lib/lanes.ts'
import { prepareRefs } from '../lib/ref-transaction.ts'
import { repositoryPath } from '../lib/repositories.ts'
import { releaseBefore } from './earlier-release.ts'
import { dropUnreleased } from './unreleased.ts'

const HOUR = 3_600_000

/** Looks every hour, for what is too old by now. Abort the answer to stop. */
export function watchRetention(ctx: Context): AbortController {
  const controller = every(
    () => HOUR,
    () => void retireAll(ctx, controller.signal),
  )
  void retireAll(ctx, controller.signal)
  return controller
}

/** Drops the old releases of every environment, and what an earlier time left half done. */
export async function retireAll(ctx: Context, signal: AbortSignal): Promise<void> {
  for (const [project, rows] of Map.groupBy(ctx.state.environments.all(), (row) => row.project)) {
    if (signal.aborted) return
    // Asked once for all of a project, and only where there is something to drop: git takes its time.
    let asked: Promise<Refs> | undefined
    const refs = () => (asked ??= releaseRefs(ctx, project))
    for (const { key } of rows) if (!signal.aborted) await retire(ctx, project, key, refs)
  }
}

/** Drops the old releases of one environment once nobody switches it, with `refs` also what an earlier time left half done. Never throws. */
export async function retire(ctx: Context, project: string, key: string, refs?: () => Promise<Refs>): Promise<void> {
  try {
    await retireOnce(ctx, project, key, refs)
  } catch (error) {
    // Git may have been killed in the middle: what is half done does not stay so until the next look.
    ctx.log.warn({ project, key, err: error }, 'old releases could not be dropped at first')
    await retireOnce(ctx, project, key, () => releaseRefs(ctx, project)).catch((error: unknown) =>
      ctx.log.error({ project, key, err: error }, 'old releases could not be dropped'),
    )
  }
}

async function retireOnce(ctx: Context, project: string, key: string, refs?: () => Promise<Refs>): Promise<void> {
  if (ctx.gate.closed || ctx.closing.aborted) return
  const place = ctx.lanes.enterFirst([laneOf.environment(project, key)])
  try {
    await place.turn(ctx.closing)
    const old = outdated(ctx, project, key)
    if (old.length > 0) ctx.state.environments.collect(project, key, old, new Date(ctx.now()).toISOString())
    if (old.length > 0 || refs !== undefined) await deleting(ctx, project, () => dropRefs(ctx, project, key, refs))
    // Those of what is collected, and what an undo that failed could not take back.
    await dropUnreleased(ctx, project, key)
    if (old.length > 0) ctx.log.info({ project, key, releases: old }, 'old releases are not kept any more')
  } catch (error) {
    if (!ctx.closing.aborted) throw error
  } finally {
    place.leave()
  }
}

// Entered only once the environment is free: who waits for an environment keeps nobody else from deleting.
async function deleting(ctx: Context, project: string, work: () => Promise<void>): Promise<void> {
  const place = ctx.lanes.enterFirst([laneOf.deletions(project)])
  try {
    await place.turn(ctx.closing)
    await work()
  } finally {
    place.leave()
  }
}

// Numbers of the releases that go now.
function outdated(ctx: Context, project: string, key: string): number[] {
  const { keptReleases, keptReleaseTime } = ctx.config.limits
  const row = ctx.state.environments.get(project, key)
  const all = ctx.state.environments.releases(project, key)
  const stays = new Set([row?.live, row?.wakes, releaseBefore(ctx, project, key)])
  const replaced = ctx.now() - keptReleaseTime
  const old = all.filter((release, index) => {
    const since = all[index - 1]?.at
    const tooOld = index >= keptReleases || (since !== undefined && Date.parse(since) < replaced)
    return tooOld && release.outcome !== 'collected' && !stays.has(release.n)
  })
  if (old.length === 0) return []
  // A deploy that needs no build stands on what is kept until it has a generation of its own.
  const inUse = new Set(ctx.state.deploys.open().map(({ out }) => out))
  return old.filter(({ storePath }) => !inUse.has(storePath)).map(({ n }) => n)
}

type Refs = Awaited<ReturnType<typeof listRefs>>

const below = 'refs/hostenv/releases/'

async function releaseRefs(ctx: Context, project: string): Promise<Refs> {
  return await listRefs(repositoryPath(ctx.config.stateDir, project), ctx.host.path, below)
}

async function dropRefs(ctx: Context, project: string, key: string, before?: () => Promise<Refs>): Promise<void> {
  const releases = ctx.state.environments.releases(project, key)
  const collected = releases.filter(({ outcome }) => outcome === 'collected')
  if (collected.length === 0) return
  const numbers = new Set(collected.map(({ n }) => `${below}${key}/${n}`))
  if (before !== undefined && !(await before()).some(({ ref }) => numbers.has(ref))) return
  const there = (await releaseRefs(ctx, project)).filter(({ ref }) => numbers.has(ref))
  if (there.length === 0) return
  const changes = there.map(({ ref, value }) => ({ ref, new: null, old: value }))
  const repository = repositoryPath(ctx.config.stateDir, project)
  await (await prepareRefs(repository, ctx.host.path, changes)).commit()
}
