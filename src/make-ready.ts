// A received deploy on its way to a built one, S0 to S1: what its ref means, whether its pusher may, evaluation, build.
import { checkForce } from './activate/force.ts'
import { keptRelease } from './activate/kept-release.ts'
import { refuseBroken } from './activate/plan.ts'
import { checkTag } from './activate/release-tag.ts'
import { dropRoot, rootLink } from './activate/roots.ts'
import { boundedBuild } from './build/bounded-build.ts'
import { canonicalBranch } from './config/grants.ts'
import type { Context, Next, PushDeploy, Ready } from './context.ts'
import { isZero, shortRef } from './lib/oid.ts'
import type { Build, Manifest, RefUpdate, Release } from './records.ts'
import { notAllowed } from './resolve/policy.ts'
import { resolveRef } from './resolve/resolve.ts'
import { restrictAccess } from './resolve/restrict-access.ts'
import { whatToStop } from './resolve/stop.ts'
import { keyOfRef } from './state/policy-keys.ts'
import { keyOfUpdate } from './state/previews.ts'

/** Whether the pusher may deploy to what a ref means by the policy in force. */
export function mayDeploy(ctx: Context, { project, update, session }: PushDeploy): boolean {
  const policy = ctx.state.projects.get(project)?.policy ?? null
  const name = shortRef(update.ref)
  return ctx.state.people.mayDeploy(session.pusher, project, policy, meant(ctx, project, policy, update) ?? name)
}

function meant(ctx: Context, project: string, policy: Manifest | null, update: RefUpdate): string | null {
  return policy && keyOfUpdate(policy, update, (key) => ctx.state.environments.isPreview(project, key))
}

/** Up to the end of S1: what a ref means, who may deploy it, and its build. Throws Refused; a build leaves no root behind then. */
export async function makeReady(ctx: Context, deploy: PushDeploy): Promise<Ready> {
  deploy.abort.signal.throwIfAborted()
  const policy = ctx.state.projects.get(deploy.project)?.policy ?? null
  const name = shortRef(deploy.update.ref)
  const key = meant(ctx, deploy.project, policy, deploy.update)
  const canonical = canonicalBranch(ctx.config, deploy.project)
  // An undeclared branch is explained, by the resolve stage, to everybody who may see the project.
  const asks = !isZero(deploy.update.new)
  const undeclared = asks && policy !== null && key === null && name !== canonical
  if (!undeclared && !ctx.state.people.mayDeploy(deploy.session.pusher, deploy.project, policy, key ?? name))
    throw notAllowed(deploy.session.pusher, key ?? name)
  // Asked again under the locks; here so that nothing is built in vain.
  await checkTag(ctx, deploy, key)
  if (asks && key !== null) {
    refuseBroken(ctx, deploy.project, key)
    await checkForce(ctx, deploy, key)
  }
  if (asks) return await resolveAndBuild(ctx, deploy, policy)
  const stopped = whatToStop(policy, name, canonical, deploy.options.confirm, key)
  ctx.state.deploys.update(deploy.id, { key: stopped })
  return { deploy, key: stopped, next: null, stages: {} }
}

// Where a release keeps the output, Nix is not asked at all. From the row on, that release is not collected before this deploy ends.
function reuse(
  ctx: Context,
  out: string,
  live: Release | null,
  deploy: PushDeploy,
): Pick<Build, 'storePath' | 'closureBytes' | 'since' | 'duration'> | null {
  const kept = keptRelease(ctx, out, deploy.project)
  if (kept === null) return null
  const closureBytes = kept.closureBytes ?? 0
  const since = live?.storePath === out ? { release: live.n, deltaBytes: 0, changes: [] } : null
  const as = kept.project === deploy.project ? { as: `release ${kept.n} of ${kept.key}` } : {}
  ctx.state.deploys.update(deploy.id, { stage: 'built', out })
  deploy.report.emit({ type: 'built', duration: 0, cached: true, ...as, closureBytes, since })
  return { storePath: out, closureBytes, since, duration: 0 }
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
    const inTurn = <T>(work: () => Promise<T>) => {
      if (ctx.evaluations.full) emit({ type: 'waiting', text: 'other evaluations' })
      return ctx.evaluations.run(signal, work)
    }
    const resolved = await resolveRef(
      { ...ctx.resolve, canonicalBranch: canonicalBranch(ctx.config, project) },
      {
        project: session.project,
        repository: session.repository,
        ref: update.ref,
        new: update.new,
        policy,
        trace: deploy.options.trace,
      },
      { emit, signal, inTurn, onManifest },
    )
    const { key, tree } = resolved
    ctx.state.deploys.update(deploy.id, { key, tree })
    const resolveTime = Math.round(performance.now() - started)
    const live = ctx.state.environments.liveRelease(project, key)
    const built =
      reuse(ctx, resolved.derivation.outPath, live, deploy) ??
      (await boundedBuild(ctx.builds, ctx.config.limits, resolved.derivation, {
        ...{ nix: ctx.host.nix, outLink: rootLink(ctx, deploy.id), log: deploy.report.log, emit, signal },
        previous: live && { release: live.n, storePath: live.storePath },
      }))
    ctx.state.deploys.update(deploy.id, { stage: 'built', out: built.storePath })
    await ctx.fault('S1', deploy.id)
    const stages = { resolve: resolveTime, build: Math.round(built.duration) }
    const { commit, preview, newPolicy } = resolved
    const { storePath: out, closureBytes, since } = built
    const verification = resolved.environment.deploymentVerification
    const how = { out, generation: null, verification, proven: false, closureBytes, since }
    return { deploy, key, next: { commit, tree, preview, newPolicy, ...how, ...tagged(deploy, policy) }, stages }
  } catch (error) {
    if (canonical !== null) restrictAccess(ctx.state, project, canonical)
    await dropRoot(ctx, deploy.id)
    throw error
  }
}
