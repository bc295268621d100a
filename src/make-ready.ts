// A received deploy on its way to a built one, S0 to S1: what its ref means, whether its pusher may, evaluation, build.
import { checkForce } from './activate/force.ts'
import { keptRelease } from './activate/kept-release.ts'
import { refuseBroken } from './activate/plan.ts'
import { checkPreview, checkTtl } from './activate/preview-room.ts'
import { checkTag } from './activate/release-tag.ts'
import { dropRoot, rootLink } from './activate/roots.ts'
import { boundedBuild } from './build/bounded-build.ts'
import { canonicalBranch, deploys } from './config/grants.ts'
import type { Context, Next, PushDeploy, Ready } from './context.ts'
import { clearLocks } from './lib/clear-store.ts'
import { isZero, shortRef } from './lib/oid.ts'
import { type Build, type Manifest, Refused, type Release } from './records.ts'
import { noSuchKey } from './resolve/policy.ts'
import { resolveRef } from './resolve/resolve.ts'
import { restrictAccess } from './resolve/restrict-access.ts'
import { whatToStop } from './resolve/stop.ts'
import { type Meaning, meaningOf } from './state/meaning.ts'
import { mayGrant, mayUpdate, permitPolicy, permitUpdate } from './state/permit-push.ts'
import { keyOfRef } from './state/policy-keys.ts'

/** Whether the pusher may do what this ref of the push asks, by the policy in force. */
export function mayDeploy(ctx: Context, deploy: PushDeploy): boolean {
  return meant(ctx, deploy).needs.every((key) => mayUpdate(ctx.state, deploy, key))
}

/** What a canonical push that is refused still takes effect in: it takes rights away, where its pusher may do that. */
export function takeRightsAway(ctx: Context, deploy: PushDeploy, next: Manifest): void {
  if (deploy.options.dryRun || !mayGrant(ctx.state, deploy, meant(ctx, deploy).own)) return
  restrictAccess(ctx.state, deploy.project, next)
}

function meant(ctx: Context, deploy: PushDeploy): Meaning {
  const { project } = deploy
  const policy = ctx.state.projects.get(project)?.policy ?? null
  const made = (key: string) => ctx.state.environments.isPreview(project, key)
  return meaningOf(policy, deploy, canonicalBranch(ctx.config, project), made)
}

/** Up to the end of S1: what a ref means, who may deploy it, and its build. Throws Refused; a build leaves no root behind then. */
export async function makeReady(ctx: Context, deploy: PushDeploy): Promise<Ready> {
  deploy.abort.signal.throwIfAborted()
  const { env, confirm } = deploy.options
  const policy = ctx.state.projects.get(deploy.project)?.policy ?? null
  const name = shortRef(deploy.update.ref)
  const meaning = meant(ctx, deploy)
  const { key } = meaning
  // Only kept: refs move as they are asked to.
  if (!deploys(ctx.config, deploy.project)) {
    permitUpdate(ctx.state, deploy, key ?? name)
    return { deploy, key: null, next: null, stages: {} }
  }
  const canonical = canonicalBranch(ctx.config, deploy.project)
  const asks = !isZero(deploy.update.new)
  if (env !== null && (!asks || !deploy.update.ref.startsWith('refs/heads/')))
    throw new Refused('push option env goes with a branch: git push -o env=KEY hostenv BRANCH')
  if (deploy.options.noActivate && !asks)
    throw new Refused('push option no-activate does not go with a deletion', {
      help: ['Leave it out: what the branch means stops with it.'],
    })
  // An undeclared branch is explained, by the resolve stage, to everybody who may see the project.
  const undeclared = env === null && asks && policy !== null && key === null && name !== canonical
  if (!undeclared) for (const one of meaning.needs) permitUpdate(ctx.state, deploy, one ?? name)
  if (env !== null && policy !== null && key === null) throw noSuchKey(policy, env)
  // Asked again under the locks; here so that nothing is built in vain.
  await checkTag(ctx, deploy, key)
  if (asks && key !== null) {
    checkPreview(ctx, deploy, key)
    refuseBroken(ctx, deploy.project, key)
  }
  if (asks) for (const one of meaning.needs) await checkForce(ctx, deploy, one)
  if (asks) return await resolveAndBuild(ctx, deploy, policy)
  const stopped = whatToStop(policy, name, canonical, confirm, key)
  if (!deploy.options.dryRun) ctx.state.deploys.update(deploy.id, { key: stopped })
  return { deploy, key: stopped, next: null, stages: {} }
}

// Where a release keeps the output, Nix is not asked at all. From the row on, that release is not collected before this deploy ends.
function reuse(
  ctx: Context,
  out: string,
  live: Release | null,
  deploy: PushDeploy,
): Pick<Build, 'storePath' | 'closure' | 'duration'> | null {
  const kept = keptRelease(ctx, out, deploy.project)
  if (kept === null) return null
  const closureBytes = kept.closureBytes ?? 0
  const since = live?.storePath === out ? { release: live.n, deltaBytes: 0, changes: [] } : null
  const as = kept.project === deploy.project ? { as: `release ${kept.n} of ${kept.key}` } : {}
  ctx.state.deploys.update(deploy.id, { stage: 'built', out })
  deploy.report.emit({ type: 'built', duration: 0, cached: true, ...as, closureBytes, since })
  return { storePath: out, closure: Promise.resolve({ closureBytes, since }), duration: 0 }
}

// A tag labels its release; one that releases by a pattern is bound to its commit, too.
function tagged({ update: { ref } }: PushDeploy, policy: Manifest | null): Pick<Next, 'tag' | 'label'> {
  if (!ref.startsWith('refs/tags/')) return { tag: null, label: null }
  const name = shortRef(ref)
  return { tag: policy !== null && keyOfRef(policy, name) === null ? name : null, label: name }
}

// Up to the end of S1 everything can be cancelled, and leaves nothing behind but its log.
async function resolveAndBuild(ctx: Context, deploy: PushDeploy, policy: Manifest | null): Promise<Ready> {
  const { update, session, project } = deploy
  const { emit } = deploy.report
  const { signal } = deploy.abort
  let canonical: Manifest | null = null
  const onManifest = (manifest: Manifest) => {
    canonical = manifest
  }
  try {
    const started = performance.now()
    const inTurn = <T>(work: () => Promise<T>) =>
      ctx.evaluations.run(signal, work, (ahead) =>
        emit({ type: 'waiting', text: `${ahead} evaluation${ahead === 1 ? '' : 's'}` }),
      )
    const { env, ttl, trace } = deploy.options
    const resolved = await resolveRef(
      { ...ctx.resolve, canonicalBranch: canonicalBranch(ctx.config, project) },
      {
        ...{ project: session.project, repository: session.repository, ref: update.ref, new: update.new },
        ...{ policy, env, ttl, trace },
      },
      { emit, signal, inTurn, onManifest },
    )
    const { key, tree } = resolved
    if (ttl !== null && resolved.preview === null) checkTtl(null, key, ttl)
    // A dry run is no attempt at an environment: what was tried last there is another deploy.
    ctx.state.deploys.update(deploy.id, deploy.options.dryRun ? { tree } : { key, tree })
    if (resolved.newPolicy !== null)
      permitPolicy(ctx.state, deploy, { before: meant(ctx, deploy).own, key, policy: resolved.newPolicy })
    const resolveTime = Math.round(performance.now() - started)
    const live = ctx.state.environments.liveRelease(project, key)
    const kept = reuse(ctx, resolved.derivation.outPath, live, deploy)
    const built =
      kept ??
      (await boundedBuild(ctx.builds, ctx.config.limits, resolved.derivation, {
        ...{ nix: ctx.host.nix, outLink: rootLink(ctx, deploy.id), log: deploy.report.log, emit, signal },
        later: deploy.report.later,
        previous: live && { release: live.n, storePath: live.storePath },
      }))
    if (kept === null) ctx.state.deploys.update(deploy.id, { stage: 'built', out: built.storePath })
    await ctx.fault('S1', deploy.id)
    const stages = { resolve: resolveTime, build: Math.round(built.duration) }
    const { commit, preview, newPolicy } = resolved
    const { storePath: out, closure } = built
    const verification = resolved.environment.deploymentVerification
    const how = { out, generation: null, verification, proven: null, again: null, ttl, closure }
    return { deploy, key, next: { commit, tree, preview, newPolicy, ...how, ...tagged(deploy, policy) }, stages }
  } catch (error) {
    if (canonical !== null) takeRightsAway(ctx, deploy, canonical)
    await dropRoot(ctx, deploy.id)
    // Of an evaluation that was killed while it added files.
    await clearLocks(ctx.host.nix)
    throw error
  }
}
