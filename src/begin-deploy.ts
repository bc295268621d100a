// S0 of every deploy, whoever asks for it: a number and a row before anything is done, a log, and what may still cancel it.
import type { Attempt, Context, PushSession, Terminal } from './context.ts'
import { projectName } from './lib/repositories.ts'
import { Refused } from './records.ts'
import type { DeployRow } from './state/deploys.ts'

/**
 * Begins one. It is cancelled when its client goes away (not with `detach`) or the receiver closes, until `keep` is called; by a
 * newer push only where it is `plain`.
 */
export function beginDeploy(
  ctx: Context,
  session: PushSession,
  what: Pick<DeployRow, 'kind' | 'key' | 'ref' | 'old' | 'new'>,
  terminal: Terminal,
  { detach, plain } = { detach: false, plain: false },
): Attempt {
  const project = projectName(session.project)
  const { name, fingerprint } = session.pusher
  const { kind, ref, new: commit } = what
  const row = { ...what, project, pusher: name, fingerprint, repository: session.repository }
  const id = ctx.state.deploys.receive(row)
  ctx.log.info({ deploy: id, kind, project, ref, new: commit, pusher: name, fingerprint }, 'received')
  const abort = new AbortController()
  const hangUp = () => abort.abort(new Refused('cancelled: the client went away'))
  if (ctx.closing.aborted) abort.abort(ctx.closing.reason)
  else if (!detach && session.closed.aborted) hangUp()
  else if (!detach) session.closed.addEventListener('abort', hangUp, { once: true })
  ctx.active.set(id, { project, ref, commit, fingerprint, abort, plain })
  const keep = () => {
    ctx.active.delete(id)
    session.closed.removeEventListener('abort', hangUp)
  }
  return { id, session, project, abort, keep, started: performance.now(), report: ctx.report(id, terminal) }
}
