// What a start does about what the last one did not finish: before the commit everything is undone, after it redone.
// Nothing is inferred from a profile or a ref; the rows alone say how far a deploy came.

import { existsSync } from 'node:fs'
import type { Context } from '../context.ts'
import { refValue } from '../lib/git-reads.ts'
import { isZero } from '../lib/oid.ts'
import { prepareRefs } from '../lib/ref-transaction.ts'
import { putInPlace, repositoryPath } from '../lib/repositories.ts'
import type { ProjectId } from '../records.ts'
import type { DeployRow } from '../state/deploys.ts'
import { liveRelease, placeOf, verificationOf } from './plan.ts'
import { generationPath, profilePath } from './profile.ts'
import { waitForLock } from './run-activate.ts'
import { stopTree } from './service-tree.ts'
import { ensureRunning, undo } from './switch.ts'
import { dropRoot } from './transaction.ts'

/** Finishes every open deploy of an earlier receiver, oldest first. Children of that receiver are waited for. */
export async function recover(ctx: Context): Promise<void> {
  for (const row of ctx.state.deploys.open()) {
    ctx.log.warn({ deploy: row.id, stage: row.stage }, 'left by an earlier receiver')
    if (row.stage === 'committed') await redo(ctx, row)
    else if (isSwitching(row) && isZero(row.new)) await redoStop(ctx, row)
    else {
      if (isSwitching(row)) await undoRow(ctx, row)
      ctx.state.deploys.fail(row.id, 'interrupted: the receiver was stopped; push again')
    }
    await dropRoot(ctx, row.id)
  }
}

/** Starts the services of live environments that do not run: after a reboot, or when somebody ended them. */
export async function startLive(ctx: Context): Promise<void> {
  for (const { project, key, live } of ctx.state.environments.live()) {
    const place = placeOf(ctx, idOf(project), key)
    const release = live ? ctx.state.environments.release(project, key, live) : null
    if (!release) continue
    try {
      const started = await ensureRunning(ctx.host, place, release.storePath, {
        n: release.n,
        revision: release.commit,
      })
      if (started) ctx.log.info({ project, key, release: release.n }, 'services started')
    } catch (error) {
      ctx.log.error({ project, key, err: error }, 'the services of a live environment do not start')
    }
  }
}

function isSwitching(row: DeployRow): boolean {
  return row.stage === 'switching' || row.stage === 'switched'
}

async function undoRow(ctx: Context, row: DeployRow): Promise<void> {
  if (row.key === null) return
  const place = placeOf(ctx, idOf(row.project), row.key)
  await quiet(ctx, place.facts.userName)
  try {
    const previous = liveRelease(ctx, row.project, row.key)
    const verification = verificationOf(ctx, row.project, row.key)
    await undo(ctx.host, { place, previous, generation: row.previous_generation, verification }, () => undefined)
  } catch (error) {
    ctx.log.error({ deploy: row.id, err: error }, 'undo failed: the environment is broken')
    ctx.state.environments.setBroken(row.project, row.key, error instanceof Error ? error.message : String(error))
  }
}

async function redoStop(ctx: Context, row: DeployRow): Promise<void> {
  if (row.key !== null) {
    const place = placeOf(ctx, idOf(row.project), row.key)
    await quiet(ctx, place.facts.userName)
    await stopTree(ctx.host, place.facts)
  }
  ctx.state.atomically(() => {
    ctx.state.deploys.update(row.id, { stage: 'committed' })
    if (row.key !== null) ctx.state.environments.setLive(row.project, row.key, null)
  })
  await redo(ctx, row)
}

// S7 again: CUR → NEW is done now, NEW was done then, anything else was done by hand and is left for doctor to tell.
async function redo(ctx: Context, row: DeployRow): Promise<void> {
  const final = repositoryPath(ctx.config.stateDir, row.project)
  const repository = existsSync(final) ? final : row.repository
  const now = await refValue(repository, ctx.host.path, row.ref)
  if (now === row.cur || now === row.new) {
    const refs = await prepareRefs(repository, ctx.host.path, redoChanges(ctx, row, now))
    await refs.commit()
  } else ctx.log.error({ deploy: row.id, ref: row.ref, now }, 'the ref was moved by hand: left as it is')
  await putInPlace(repository, final)
  if (row.key !== null && row.release !== null) await setProfileAsRecorded(ctx, row, row.key)
  ctx.state.deploys.update(row.id, { stage: 'done', finished_at: new Date().toISOString() })
}

function redoChanges(ctx: Context, row: DeployRow, now: string) {
  const pushed = now === row.new ? [] : [{ ref: row.ref, new: isZero(row.new) ? null : row.new, old: now }]
  if (row.key === null) return pushed
  if (row.release === null) return [...pushed, { ref: `refs/hostenv/live/${row.key}`, new: null, old: null }]
  const commit = ctx.state.environments.release(row.project, row.key, row.release)?.commit ?? row.new
  return [
    ...pushed,
    { ref: `refs/hostenv/live/${row.key}`, new: commit, old: null },
    { ref: `refs/hostenv/releases/${row.key}/${row.release}`, new: commit, old: null },
  ]
}

// The commit came after the switch, so this only finds what is so; a profile that differs is told, not guessed at.
async function setProfileAsRecorded(ctx: Context, row: DeployRow, key: string): Promise<void> {
  const { facts } = placeOf(ctx, idOf(row.project), key)
  const out = generationPath(profilePath(ctx.host, facts.userName))
  if (out !== row.out) ctx.log.error({ deploy: row.id, out, recorded: row.out }, 'the profile differs from the record')
}

async function quiet(ctx: Context, userName: string): Promise<void> {
  if (!(await waitForLock(ctx.host, userName, 30_000)))
    ctx.log.error({ userName }, 'a child of an earlier receiver still runs')
}

function idOf(project: string): ProjectId {
  const [organisation = '', name = ''] = project.split('/')
  return { organisation, project: name }
}
