// Live environments run: started at a start where they do not (after a reboot, a crash), and when somebody ends their tree.
import type { Context } from '../context.ts'
import { every } from '../lib/every.ts'
import { laneOf } from '../lib/lanes.ts'
import { runtimeDirOf } from '../lib/names.ts'
import { type Process, processes } from '../lib/proc.ts'
import { projectId } from '../lib/repositories.ts'
import type { EnvironmentRow } from '../state/environments.ts'
import { placeOf } from './plan.ts'
import { findTree } from './service-tree.ts'
import { ensureRunning } from './switch.ts'

/**
 * Starts the services of live environments that do not run as the record says, a few at once, each in its turn: the doors are open
 * by then. Requests for one that starts wait. One that cannot start is `broken`.
 */
export async function startLive(ctx: Context): Promise<void> {
  const all = processes()
  const rows = ctx.state.environments.live()
  // Asked first: whoever runs is served at once, and of whom does not, requests wait from now on.
  const down = new Set(rows.filter((row) => treeOf(ctx, row, all) === null))
  await Promise.all([...down].map(({ user_name: user }) => ctx.switching.begin(user)))
  // What does not run comes first.
  const queue = [...down, ...rows.filter((row) => !down.has(row))].values()
  const starter = async () => {
    for (const row of queue) {
      if (!ctx.closing.aborted) await inTurn(ctx, row)
      if (down.has(row)) ctx.switching.end(row.user_name)
    }
  }
  await Promise.all(Array.from({ length: startsAtOnce }, starter))
}

/** Starts are work for the processor: more at once would only take longer each. */
const startsAtOnce = 4

function treeOf(ctx: Context, { user_name: user }: EnvironmentRow, all: readonly Process[]): number | null {
  return findTree(ctx.host, { runtimeDir: runtimeDirOf(ctx.resolve.site.runtimeRoot, user) }, all)
}

// As soon as nobody switches it.
async function inTurn(ctx: Context, { project, key }: EnvironmentRow): Promise<void> {
  const place = ctx.lanes.enterFirst([laneOf.environment(project, key)])
  try {
    await place.turn(ctx.closing)
    const now = ctx.state.environments.get(project, key)
    if (now?.live != null) await bringUp(ctx, now)
  } catch (error) {
    if (!ctx.closing.aborted) throw error
  } finally {
    place.leave()
  }
}

/** Looks every `limits.treeCheckInterval` whether the trees of live environments are still there. Abort the answer to stop. */
export function keepRunning(ctx: Context): AbortController {
  const controller = every(
    () => ctx.config.limits.treeCheckInterval,
    () =>
      look(ctx, controller.signal).catch((error: unknown) => ctx.log.error({ err: error }, 'cannot look for trees')),
  )
  return controller
}

async function look(ctx: Context, signal: AbortSignal): Promise<void> {
  const all = processes()
  for (const row of ctx.state.environments.live()) {
    if (row.broken !== null || treeOf(ctx, row, all) !== null) continue
    const place = ctx.lanes.enterFirst([laneOf.environment(row.project, row.key)])
    try {
      // Who holds the environment is switching it, and starts its tree.
      if (signal.aborted || ctx.lanes.mustWait(place.arrival)) continue
      await place.turn()
      const now = ctx.state.environments.get(row.project, row.key)
      if (now?.live != null) await bringUp(ctx, now)
    } finally {
      place.leave()
    }
  }
}

/** Starts what is live in one environment where it does not run as the record says; one that cannot start is `broken`. */
export async function bringUp(ctx: Context, { project, key, live, broken }: EnvironmentRow): Promise<void> {
  const release = live === null ? null : ctx.state.environments.release(project, key, live)
  if (!release) return
  try {
    const place = placeOf(ctx, projectId(project), key)
    const started = await ensureRunning(ctx.host, place, { ...release, revision: release.commit }, broken !== null)
    if (started) ctx.log.info({ project, key, release: release.n }, 'services started')
    if (broken !== null) ctx.state.environments.setBroken(project, key, null)
  } catch (error) {
    ctx.log.error({ project, key, err: error }, 'the services of a live environment do not start')
    const why = error instanceof Error ? error.message : String(error)
    ctx.state.environments.setBroken(project, key, `its services do not start: ${why}`)
  }
}
