// A newer push makes one that is still being evaluated or built pointless when it contains it or is by the same person.
import type { Context, PushDeploy } from '../context.ts'
import { isAncestor } from '../lib/git-reads.ts'
import { isZero, short } from '../lib/oid.ts'
import { type Oid, Refused } from '../records.ts'

/** Cancels the earlier deploys of this ref that this one supersedes; the others keep their place before it. */
export async function supersede(ctx: Context, deploy: PushDeploy): Promise<void> {
  for (const [id, other] of ctx.active) {
    if (id >= deploy.id || !other.plain || other.project !== deploy.project || other.ref !== deploy.update.ref) continue
    const samePerson = other.fingerprint === deploy.session.pusher.fingerprint
    const superseded = samePerson || (await contains(ctx, deploy, other.commit))
    // It may have begun to switch meanwhile: then it is no longer among the active ones, and nothing ends it.
    if (superseded && ctx.active.has(id)) other.abort.abort(new Refused(`superseded by ${short(deploy.update.new)}`))
  }
}

async function contains(ctx: Context, deploy: PushDeploy, commit: Oid): Promise<boolean> {
  if (isZero(deploy.update.new) || isZero(commit)) return false
  return await isAncestor(deploy.session.repository, ctx.host.path, commit, deploy.update.new)
}
