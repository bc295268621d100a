// Force pushes: history may be replaced everywhere but in production, where the pusher has to name the environment as well.
import type { Context, PushDeploy } from '../context.ts'
import { countBeyond, isAncestor, refValue } from '../lib/git-reads.ts'
import { isZero, short, shortRef } from '../lib/oid.ts'
import { shellWord } from '../lib/shell-word.ts'
import { type Oid, Refused } from '../records.ts'
import { permit } from '../state/decide.ts'
import { guardOf } from '../state/rights.ts'

type Pushed = Pick<PushDeploy, 'project' | 'update' | 'options' | 'session'>

/**
 * Throws Refused when this push takes commits off a ref and its pusher may not do that, or when the ref means production or what is
 * protected and `-o force=KEY` is missing. Both are what the policy in force says, so a commit cannot declare itself free. `cur` is the ref's value under the lock; read here when left out.
 */
export async function checkForce(ctx: Context, deploy: Pushed, key: string, cur?: Oid): Promise<void> {
  const { project, options, session } = deploy
  const { ref, new: value } = deploy.update
  const { path } = ctx.host
  const now = cur ?? (await refValue(session.repository, path, ref))
  if (isZero(now) || (await isAncestor(session.repository, path, now, value))) return
  const question = { action: 'force', project, key, subject: `${ref} ${short(now)} → ${short(value)}` } as const
  // Written down once: under the locks, or where it is refused.
  if (cur !== undefined || !ctx.state.people.may(session.pusher, 'force', project, key))
    permit(ctx.state, session, question)
  const guard = guardOf(ctx.state.projects.get(project)?.policy ?? null, key)
  if (!(guard.production || guard.protected) || options.force.includes(key)) return
  const careful = guard.production ? 'production' : 'protected'
  const lost = await countBeyond(session.repository, path, value, now)
  const name = shortRef(ref)
  const commits = lost === 1 ? '1 commit' : `${lost} commits`
  throw new Refused(`not a fast-forward: ${key} is ${careful}`, {
    headline: `This push would take ${commits} off ${name} (now ${short(now)}), and ${key} is ${careful}`,
    help: [
      `If that is meant: git push --force -o ${shellWord(`force=${key}`)} hostenv ${shellWord(`${short(value)}:${ref}`)}`,
      `To keep them, put yours on top: git pull --rebase hostenv ${shellWord(name)}`,
      'To undo a commit for everybody, push what this makes: git revert COMMIT',
    ],
  })
}
