// Force pushes: history may be replaced everywhere but in production, where the pusher has to name the environment as well.
import type { Context, PushDeploy } from '../context.ts'
import { countBeyond, isAncestor, refValue } from '../lib/git-reads.ts'
import { isZero, short, shortRef } from '../lib/oid.ts'
import { shellWord } from '../lib/shell-word.ts'
import { type Oid, Refused } from '../records.ts'

type Pushed = Pick<PushDeploy, 'project' | 'update' | 'options' | 'session'>

/**
 * Throws Refused when this push takes commits off a ref that means production without `-o force=KEY`. The type is the one of the
 * policy in force, so a commit cannot declare itself free. `cur` is the ref's value under the lock; read here when left out.
 */
export async function checkForce(ctx: Context, deploy: Pushed, key: string, cur?: Oid): Promise<void> {
  const { project, options, session } = deploy
  const { ref, new: value } = deploy.update
  const policy = ctx.state.projects.get(project)?.policy
  if (policy?.environments[key]?.type !== 'production' || options.force.includes(key)) return
  const { path } = ctx.host
  const now = cur ?? (await refValue(session.repository, path, ref))
  if (isZero(now) || (await isAncestor(session.repository, path, now, value))) return
  const lost = await countBeyond(session.repository, path, value, now)
  const name = shortRef(ref)
  const commits = lost === 1 ? '1 commit' : `${lost} commits`
  throw new Refused(`not a fast-forward: ${key} is production`, {
    headline: `This push would take ${commits} off ${name} (now ${short(now)}), and ${key} is production`,
    help: [
      `If that is meant: git push --force -o ${shellWord(`force=${key}`)} hostenv ${shellWord(`${short(value)}:${ref}`)}`,
      `To keep them, put yours on top: git pull --rebase hostenv ${shellWord(name)}`,
      'To undo a commit for everybody: git revert COMMIT, and push that.',
    ],
  })
}
