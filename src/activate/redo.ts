// S7 and S8 of a deploy that is committed but not done: at a start, and before anything newer moves the same ref.
import { existsSync } from 'node:fs'
import type { Context } from '../context.ts'
import { refValue } from '../lib/git-reads.ts'
import { isZero } from '../lib/oid.ts'
import { prepareRefs, type RefChange } from '../lib/ref-transaction.ts'
import { putInPlace, repositoryPath } from '../lib/repositories.ts'
import { type DeployRow, noRef } from '../state/deploys.ts'
import { releaseNumbers, releaseRef } from './plan.ts'
import { removeFiles } from './purge.ts'
import { dropKept, dropRoot, keepBuild } from './roots.ts'

/** Moves the refs of a committed deploy and ends it. Idempotent. Throws when git cannot; the deploy stays committed. */
export async function redo(ctx: Context, row: DeployRow): Promise<void> {
  await moveRefs(ctx, row)
  await conclude(ctx, row)
}

/** S8 of a deploy whose refs are where they belong: what was built and not activated is kept, what goes is gone, and it is done. */
export async function conclude(ctx: Context, row: DeployRow): Promise<void> {
  const { id, kind, project, key } = row
  if (row.release === null) await keepBuild(ctx, row)
  else await dropKept(ctx, row)
  if (kind === 'purge' && key !== null) await removeFiles(ctx, project, key)
  ctx.state.atomically(() => {
    if (kind === 'purge' && key !== null) ctx.state.lifetimes.forget(project, key)
    ctx.state.deploys.update(id, { stage: 'done', finished_at: new Date().toISOString() })
  })
  await dropRoot(ctx, id)
}

/**
 * S7: CUR → NEW is done now, NEW was done then, anything else was done by hand and is left. `refs/hostenv` always follows
 * the record.
 */
export async function moveRefs(ctx: Context, row: DeployRow | null): Promise<void> {
  if (row === null) return
  const final = repositoryPath(ctx.config.stateDir, row.project)
  const repository = existsSync(final) ? final : row.repository
  const changes = [...(await pushed(ctx, repository, row)), ...ours(ctx, row)]
  if (changes.length > 0) await (await prepareRefs(repository, ctx.host.path, changes)).commit()
  await putInPlace(repository, final)
}

async function pushed(ctx: Context, repository: string, row: DeployRow): Promise<RefChange[]> {
  if (row.ref === noRef) return []
  const now = await refValue(repository, ctx.host.path, row.ref)
  if (now !== row.cur && now !== row.new)
    ctx.log.error({ deploy: row.id, ref: row.ref, now }, 'the ref was moved by hand: left as it is')
  if (now !== row.cur || now === row.new) return []
  return [{ ref: row.ref, new: isZero(row.new) ? null : row.new, old: now }]
}

// A release after this one may be live by now: then `live` is that one.
function ours(ctx: Context, row: DeployRow): RefChange[] {
  if (row.key === null) return []
  const live = ctx.state.environments.liveRelease(row.project, row.key)
  const release = row.release === null ? null : ctx.state.environments.release(row.project, row.key, row.release)
  const changes: RefChange[] = [{ ref: `refs/hostenv/live/${row.key}`, new: live?.commit ?? null, old: null }]
  if (release) changes.push({ ref: releaseRef(row.key, release.n), new: release.commit, old: null })
  const gone = row.kind === 'purge' ? releaseNumbers(ctx, row.project, row.key) : []
  return [...changes, ...gone.map((n) => ({ ref: releaseRef(row.key ?? '', n), new: null, old: null }))]
}
