// How an environment changes without a push: back to an earlier release, the live one anew, or stopped. The same rows, the same
// lanes, the same undo and redo as a push; who asks (a word, or the receiver itself) hears of it in the same way.
import { asBefore, rollbackTarget } from './activate/earlier-release.ts'
import { becomeLive, Unfinished } from './activate/transaction.ts'
import { beginDeploy } from './begin-deploy.ts'
import type { Context, Next, OwnDeploy, PushSession, Terminal } from './context.ts'
import { short, zeroOid } from './lib/oid.ts'
import { projectName, repositoryPath } from './lib/repositories.ts'
import { type ProjectId, type Pusher, Refused, type Release } from './records.ts'
import { refuse } from './report/refuse.ts'
import { notAllowed } from './resolve/policy.ts'
import { noRef } from './state/deploys.ts'
import { previewOf } from './state/previews.ts'

/** What is to happen. `to`: a release's number, or null for the one that was live before. */
export type Change =
  | { readonly kind: 'rollback'; readonly to: number | null }
  | { readonly kind: 'redeploy' }
  | { readonly kind: 'stop' }

export interface Wanted {
  readonly project: ProjectId
  readonly key: string
  readonly by: Pusher
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

/** Whether a person may change an environment in this way. Who may deploy to it may. */
export function mayChange(ctx: Context, by: Pusher, project: string, key: string, _kind: Change['kind']): boolean {
  const policy = ctx.state.projects.get(project)?.policy ?? null
  return by === ofItself || ctx.state.people.mayDeploy(by, project, policy, key)
}

/** Changes one environment, in its turn. Tells `terminal` and the deploy's log; throws only where no true answer can be given. */
export async function changeEnvironment(ctx: Context, wanted: Wanted, terminal: Terminal): Promise<Changed> {
  const { key, by, what, closed } = wanted
  const project = projectName(wanted.project)
  const repository = repositoryPath(ctx.config.stateDir, project)
  const session: PushSession = { project: wanted.project, pusher: by, repository, fresh: false, closed }
  const old = ctx.state.environments.liveRelease(project, key)?.commit ?? zeroOid
  const row = { kind: what.kind, key, ref: noRef, old, new: zeroOid }
  const deploy: OwnDeploy = { ...beginDeploy(ctx, session, row, terminal), kind: what.kind, update: null }
  const { id, report } = deploy
  // It does not wait for what is only being built: a rollback must not take as long as a build.
  const place = ctx.lanes.enter(id, [`environment ${project} ${key}`])
  try {
    await ctx.fault('S0', id)
    if (!mayChange(ctx, by, project, key, what.kind)) throw notAllowed(by, key)
    if (ctx.gate.closed) report.emit({ type: 'waiting', text: "the operator's maintenance" })
    await ctx.gate.opened()
    if (ctx.lanes.mustWait(id)) report.emit({ type: 'waiting', text: 'an earlier deploy' })
    await place.turn(deploy.abort.signal).catch(() => undefined)
    deploy.abort.signal.throwIfAborted()
    // Asked under the lock: whoever was before may have changed what is live, and who may do this.
    if (!mayChange(ctx, by, project, key, what.kind)) throw notAllowed(by, key)
    const next = decide(ctx, deploy, key, what)
    tellOnTheWay(ctx, deploy, key)
    const [plan] = await becomeLive(ctx, [{ deploy, key, next, stages: {} }])
    return { ok: true, deploy: id, release: plan?.environment?.n ?? null }
  } catch (error) {
    if (!(error instanceof Unfinished)) return { ok: false, deploy: id, reason: refuse(ctx, deploy, error) }
    throw error
  } finally {
    deploy.keep()
    await report.close()
    place.leave()
  }
}

// What the environment is to become; null: nothing. Throws Refused when that cannot be.
function decide(ctx: Context, { project, report }: OwnDeploy, key: string, what: Change): Next | null {
  const live = ctx.state.environments.liveRelease(project, key)
  const tell = (text: string) => report.emit({ type: 'change', project, key, text })
  if (what.kind === 'stop') {
    if (live === null && (ctx.state.environments.get(project, key)?.broken ?? null) === null)
      throw new Refused(`nothing of ${key} is live`)
    tell('stopping')
    return null
  }
  checkDeclared(ctx, project, key, live)
  if (what.kind === 'redeploy') {
    if (live === null)
      throw new Refused(`nothing of ${key} is live`, { help: [`To start its last release: ssh HOST rollback ${key}`] })
    const next = { ...asBefore(ctx, live, `redeploy of ${live.n}`), proven: false }
    tell(`release ${live.n} (${short(live.commit)}) anew`)
    return next
  }
  const target = rollbackTarget(ctx, project, key, what.to)
  const next = asBefore(ctx, target, `rollback to ${target.n}`)
  tell(`back to release ${target.n} (${short(target.commit)}, by ${target.by})`)
  return next
}

// What is live may be changed whatever became of its declaration; what is not does not come back against the policy.
function checkDeclared(ctx: Context, project: string, key: string, live: Release | null): void {
  const policy = ctx.state.projects.get(project)?.policy
  if (live !== null || !policy || policy.environments[key]?.enable || previewOf(policy, key) !== null) return
  throw new Refused(`${key} is not declared any more`, {
    help: ['Push a canonical branch that declares it, then try again.'],
  })
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
