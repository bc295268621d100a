// A received deploy on its way to a built one, S0 to S1: what its ref means, whether its pusher may, evaluation, build.
import { checkForce } from './activate/force.ts'
import { dropRoot, rootLink } from './activate/roots.ts'
import { boundedBuild } from './build/bounded-build.ts'
import { canonicalBranch, deploys } from './config/grants.ts'
import type { Context, Deploy, Ready } from './context.ts'
import { isZero, shortRef } from './lib/oid.ts'
import type { Manifest, RefUpdate } from './records.ts'
import { notAllowed } from './resolve/policy.ts'
import { resolveRef } from './resolve/resolve.ts'
import { restrictAccess } from './resolve/restrict-access.ts'
import { whatToStop } from './resolve/stop.ts'
import { keyOfUpdate } from './state/previews.ts'

/** Whether the pusher may deploy to what a ref means by the policy in force. */
export function mayDeploy(ctx: Context, { project, update, session }: Deploy): boolean {
  const policy = ctx.state.projects.get(project)?.policy ?? null
  const name = shortRef(update.ref)
  return ctx.state.people.mayDeploy(session.pusher, project, policy, meant(ctx, project, policy, update) ?? name)
}

function meant(ctx: Context, project: string, policy: Manifest | null, update: RefUpdate): string | null {
  return policy && keyOfUpdate(policy, update, (key) => ctx.state.environments.isPreview(project, key))
}

/** Up to the end of S1: what a ref means, who may deploy it, and its build. Throws Refused; a build leaves no root behind then. */
export async function makeReady(ctx: Context, deploy: Deploy): Promise<Ready> {
  deploy.abort.signal.throwIfAborted()
  const policy = ctx.state.projects.get(deploy.project)?.policy ?? null
  const name = shortRef(deploy.update.ref)
  if (!deploys(ctx.config, deploy.project)) {
    if (!ctx.state.people.mayDeploy(deploy.session.pusher, deploy.project, policy, name))
      throw notAllowed(deploy.session.pusher, name)
    return { deploy, key: null, resolved: null, stages: {} }
  }
  const key = meant(ctx, deploy.project, policy, deploy.update)
  const canonical = canonicalBranch(ctx.config, deploy.project)
  // An undeclared branch is explained, by the resolve stage, to everybody who may see the project.
  const asks = !isZero(deploy.update.new)
  const undeclared = asks && policy !== null && key === null && name !== canonical
  if (!undeclared && !ctx.state.people.mayDeploy(deploy.session.pusher, deploy.project, policy, key ?? name))
    throw notAllowed(deploy.session.pusher, key ?? name)
  // Asked again under the locks; here so that nothing is built in vain.
  if (asks && key !== null) await checkForce(ctx, deploy, key)
  if (asks) return await resolveAndBuild(ctx, deploy, policy)
  const stopped = whatToStop(policy, name, canonical, deploy.options.confirm, key)
  ctx.state.deploys.update(deploy.id, { key: stopped })
  return { deploy, key: stopped, resolved: null, stages: {} }
}

// Up to the end of S1 everything can be cancelled, and leaves nothing behind but its log.
async function resolveAndBuild(ctx: Context, deploy: Deploy, policy: Manifest | null): Promise<Ready> {
  const { update, session, project } = deploy
  const { emit } = deploy.report
  const { signal } = deploy.abort
  let canonical: Manifest | null = null
  const onManifest = (manifest: Manifest) => {
    canonical = manifest
  }
  try {
    const started = performance.now()
    const resolve = () =>
      resolveRef(
        { ...ctx.resolve, canonicalBranch: canonicalBranch(ctx.config, project) },
        {
          project: session.project,
          repository: session.repository,
          ref: update.ref,
          new: update.new,
          policy,
          trace: deploy.options.trace,
        },
        { emit, signal, onManifest },
      )
    if (ctx.evaluations.full) emit({ type: 'waiting', text: 'other evaluations' })
    const resolved = await ctx.evaluations.run(signal, resolve)
    const { key, tree } = resolved
    ctx.state.deploys.update(deploy.id, { key, tree })
    const resolveTime = Math.round(performance.now() - started)
    const live = ctx.state.environments.liveRelease(project, key)
    const built = await boundedBuild(ctx.builds, ctx.config.limits, resolved.derivation, {
      ...{ nix: ctx.host.nix, outLink: rootLink(ctx, deploy.id), log: deploy.report.log, emit, signal },
      previous: live && { release: live.n, storePath: live.storePath },
    })
    ctx.state.deploys.update(deploy.id, { stage: 'built', out: built.storePath })
    await ctx.fault('S1', deploy.id)
    const stages = { resolve: resolveTime, build: Math.round(built.duration) }
    return { deploy, key, resolved: { ...resolved, out: built.storePath }, stages }
  } catch (error) {
    if (canonical !== null) restrictAccess(ctx.state, project, canonical)
    await dropRoot(ctx, deploy.id)
    throw error
  }
}
