// What holds for a tag that releases a commit: it keeps that commit for ever, and the commit may have to be proven elsewhere.
import type { Context, PushDeploy } from '../context.ts'
import { peel } from '../lib/git-reads.ts'
import { isZero, short, shortRef } from '../lib/oid.ts'
import { ownValue } from '../lib/own-value.ts'
import { shellWord } from '../lib/shell-word.ts'
import { type Oid, Refused } from '../records.ts'

/**
 * Throws Refused when a push may not do to a tag what it wants: move or delete a released one, or release a commit that was never
 * live where the environment of `key` requires it.
 */
export async function checkTag(
  ctx: Context,
  { project, session, update }: PushDeploy,
  key: string | null,
): Promise<void> {
  if (!update.ref.startsWith('refs/tags/')) return
  const name = shortRef(update.ref)
  const bound = ctx.state.tags.commitOf(project, name)
  const environments = ctx.state.projects.get(project)?.policy.environments
  const requires = (key !== null && ownValue(environments, key)?.requires) || null
  if (isZero(update.new) || (bound === null && requires === null)) {
    if (bound !== null) throw released(name, bound)
    return
  }
  const { commit } = (await peel(session.repository, ctx.host.path, update.new)) ?? { commit: null }
  // What is no commit is refused where it is read.
  if (commit === null) return
  if (bound !== null && bound !== commit) throw released(name, bound)
  if (requires !== null && !ctx.state.environments.wasLive(project, requires, commit))
    throw notProven(project, name, commit, requires, key ?? '')
}

function released(name: string, bound: Oid): Refused {
  return new Refused(`tag ${name} was released as ${short(bound)} and keeps that commit`, {
    headline: `The tag ${name} was released as ${short(bound)}: a released tag is neither moved nor deleted`,
    help: [
      'Give the new release a name of its own: git tag NAME, and push that.',
      `To have the tag here as it was released: git tag -f ${shellWord(name)} ${short(bound)}`,
    ],
  })
}

function notProven(project: string, name: string, commit: Oid, requires: string, key: string): Refused {
  return new Refused(`${short(commit)} was never live in ${requires}, which ${key} requires`, {
    headline: `${key} releases only what was live in ${requires}, and ${short(commit)} never was`,
    help: [
      `Deploy it there first: git push hostenv ${shellWord(`${name}^{commit}`)}:${shellWord(`refs/heads/BRANCH-OF-${requires}`)}`,
      `What was live there: ssh HOST releases ${shellWord(requires)} -p ${project}`,
    ],
  })
}
