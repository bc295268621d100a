// How an environment changes without a push: back to an earlier release, the live one anew, paused, woken, or gone. The same rows,
// the same lanes, the same undo and redo as a push; who asks (a word, or the receiver itself) hears of it in the same way.
import { retire } from './activate/retention.ts'
import { becomeLive, Unfinished } from './activate/transaction.ts'
import { beginDeploy } from './begin-deploy.ts'
import type { Context, OwnDeploy, PushSession, Terminal } from './context.ts'
import { branchOf, type Change, type ChangeKind, decideChange } from './decide-change.ts'
import { refValue } from './lib/git-reads.ts'
import { laneOf } from './lib/lanes.ts'
import { isZero, short, zeroOid } from './lib/oid.ts'
import { gitStandsBy } from './lib/ref-transaction.ts'
import { projectName, repositoryPath } from './lib/repositories.ts'
import { type ProjectId, type Pusher, type RefUpdate, Refused } from './records.ts'
import { refuse } from './report/refuse.ts'
import { type Asker, permit } from './state/decide.ts'
import { noRef } from './state/deploys.ts'
import type { Action } from './state/rights.ts'

export interface Wanted {
  readonly project: ProjectId
  readonly key: string
  readonly by: Pusher
  /** Address and port of the client; `-` where the receiver itself asks. */
  readonly peer: string
  readonly what: Change
  /** Aborts when nobody waits for it any more: until it switches, that cancels it. */
  readonly closed: AbortSignal
}

/** How it ended: the number of the deploy, and the release that is live now (null: none), or why nothing changed. */
export type Changed =
  | { readonly ok: true; readonly deploy: number; readonly release: number | null }
  | { readonly ok: false; readonly deploy: number; readonly reason: string }

/** The receiver itself, where nobody asked: it has every right. */
export const ofItself: Pusher = { name: 'hostenv', fingerprint: '', admin: true }

/** What each change is as a right. */
const rights: Readonly<Record<ChangeKind, Action>> = {
  ...{ rollback: 'rollback', redeploy: 'redeploy', pause: 'preview', wake: 'preview' },
  ...{ destroy: 'destroy', purge: 'administer' },
}

/** What leaves nothing live. */
const stops: readonly ChangeKind[] = ['pause', 'destroy', 'purge']

/** Changes one environment, in its turn. Tells `terminal` and the deploy's log; throws only where no true answer can be given. */
export async function changeEnvironment(ctx: Context, wanted: Wanted, terminal: Terminal): Promise<Changed> {
  const { key, by, peer, what, closed } = wanted
  const project = projectName(wanted.project)
  const repository = repositoryPath(ctx.config.stateDir, project)
  await using refs = gitStandsBy(repository, ctx.host.path)
  const session: PushSession = { project: wanted.project, pusher: by, peer, repository, fresh: false, closed, refs }
  const update = await branchToDelete(ctx, session, key, what.kind)
  const old = ctx.state.environments.liveRelease(project, key)?.commit ?? zeroOid
  const row = { kind: what.kind, key, ...(update ?? { ref: noRef, old, new: zeroOid }) }
  const deploy: OwnDeploy = { ...beginDeploy(ctx, session, row, terminal), kind: what.kind, update }
  const { id, report } = deploy
  // It does not wait for what is only being built: a rollback must not take as long as a build.
  const ref = update === null ? [] : [laneOf.ref(project, update.ref)]
  const deletion = stops.includes(what.kind) ? [laneOf.deletions(project)] : []
  const place = ctx.lanes.enter(id, [laneOf.environment(project, key), ...ref, ...deletion])
  try {
    await ctx.fault('S0', id)
    const right = rightFor(ctx, project, key, what.kind)
    permitChange(ctx, session, right, key)
    if (ctx.gate.closed) report.emit({ type: 'waiting', text: "the operator's maintenance" })
    await ctx.gate.opened()
    if (ctx.lanes.mustWait(id)) report.emit({ type: 'waiting', text: 'an earlier deploy' })
    await place.turn(deploy.abort.signal).catch(() => undefined)
    deploy.abort.signal.throwIfAborted()
    // Asked under the lock: whoever was before may have changed what is live, and who may do this.
    if (by !== ofItself && !ctx.state.people.may(by, right, project, key)) permitChange(ctx, session, right, key)
    // So may a new policy: the branch may mean another environment by now.
    if (update !== null && branchOf(ctx, project, key) !== update.ref)
      throw new Refused('the policy changed meanwhile; try again')
    const next = decideChange(ctx, deploy, key, what)
    tellOnTheWay(ctx, deploy, key)
    const [plan] = await becomeLive(ctx, [{ deploy, key, next, stages: {} }])
    return { ok: true, deploy: id, release: plan?.environment?.n ?? null }
  } catch (error) {
    if (error instanceof Unfinished) throw error
    const [reason = ''] = refuse(ctx, [deploy], error)
    // What it stood on was in use, so it was not dropped.
    void retire(ctx, project, key)
    return { ok: false, deploy: id, reason }
  } finally {
    deploy.keep()
    await report.close()
    place.leave()
  }
}

// What goes takes its branch with it: a push of the same commit would otherwise bring nothing back.
async function branchToDelete(
  ctx: Context,
  session: PushSession,
  key: string,
  kind: ChangeKind,
): Promise<RefUpdate | null> {
  if (kind !== 'destroy' && kind !== 'purge') return null
  const ref = branchOf(ctx, projectName(session.project), key)
  if (ref === null) return null
  const old = await refValue(session.repository, ctx.host.path, ref)
  return isZero(old) ? null : { ref, old, new: zeroOid }
}

// What is declared stays paused until somebody wakes it: that is a stop.
function rightFor(ctx: Context, project: string, key: string, kind: ChangeKind): Action {
  return kind === 'pause' && !ctx.state.environments.isPreview(project, key) ? 'destroy' : rights[kind]
}

function permitChange(ctx: Context, session: Asker & { project: ProjectId }, action: Action, key: string): void {
  if (session.pusher === ofItself) return
  permit(ctx.state, session, { action, project: projectName(session.project), key })
}

// A push that is still being built becomes live after this: who rolls back has to know.
function tellOnTheWay(ctx: Context, { id, project, report }: OwnDeploy, key: string): void {
  for (const row of ctx.state.deploys.open())
    if (row.id !== id && row.kind === 'push' && row.project === project && row.key === key)
      report.emit({
        type: 'warning',
        text: `d${row.id} (${short(row.new)}) is on its way to ${key} and comes after this`,
      })
}
