// What a unit is about to change, read under its locks (S2): nothing is changed here.
import { existsSync } from 'node:fs'
import { canonicalBranch, deploys } from '../config/grants.ts'
import type { Context, Deploy, PushDeploy, Ready } from '../context.ts'
import { isAncestor, refValue } from '../lib/git-reads.ts'
import { environmentFacts } from '../lib/names.ts'
import { isZero, short, shortRef, zeroOid } from '../lib/oid.ts'
import { ownValue } from '../lib/own-value.ts'
import type { RefChange } from '../lib/ref-transaction.ts'
import { projectName, repositoryPath } from '../lib/repositories.ts'
import { shellWord } from '../lib/shell-word.ts'
import { type Oid, type ProjectId, type Proof, Refused, type Verification } from '../records.ts'
import { notRestored } from '../state/environments.ts'
import { type Meaning, meaningOf } from '../state/meaning.ts'
import { mayGrant, mayUpdate, permitPolicy, permitUpdate } from '../state/permit-push.ts'
import { previewOf } from '../state/previews.ts'
import { checkForce } from './force.ts'
import type { Place, ReleaseFacts } from './host.ts'
import { checkPreview } from './preview-room.ts'
import { currentGeneration, profilePath } from './profile.ts'
import { checkTag } from './release-tag.ts'

/** What is live before a switch: its release and the generation it stands on. */
export type Live = ReleaseFacts & Proof & { readonly generation: number }

/** One ref and, where it means one, its environment: before and after. */
export interface Plan {
  readonly ready: Ready
  /** The ref's value under the lock; the swap is against it. Null where no ref moves. */
  readonly cur: Oid | null
  readonly environment: {
    readonly key: string
    readonly place: Place
    readonly previous: Live | null
    /** The profile's generation before, whether live or not. */
    readonly generation: number | null
    /** The release to be, or null for a stop. */
    readonly n: number | null
    /** Releases that are forgotten. */
    readonly gone: readonly number[]
  } | null
}

/** Reads everything again under the lock. Throws Refused when the ref, the policy or the project changed meanwhile. */
export async function makePlan(ctx: Context, ready: Ready): Promise<Plan> {
  const { deploy, key, next } = ready
  if (deploy.session.fresh && existsSync(repositoryPath(ctx.config.stateDir, deploy.project)))
    throw new Refused('the project was created by another push meanwhile; push again')
  const needs = deploy.kind === 'push' ? recheckPolicy(ctx, deploy, ready).needs : []
  if (deploy.kind === 'push' && key !== null && next !== null) {
    refuseBroken(ctx, deploy.project, key)
    checkPreview(ctx, deploy, key)
  }
  const cur = await currentValue(ctx, deploy)
  if (deploy.kind === 'push') {
    await checkTag(ctx, deploy, key)
    if (next !== null) for (const one of needs) await checkForce(ctx, deploy, one, cur ?? zeroOid)
  }
  // With -o no-activate the branch moves and the environment stays as it is.
  if (key === null || (deploy.kind === 'push' && deploy.options.noActivate)) return { ready, cur, environment: null }
  const known = placeOf(ctx, deploy.session.project, key)
  // The type as the policy has it now, under the lock; or as it will have it.
  const place = { ...known, type: ownValue(next?.newPolicy?.environments, key)?.type ?? known.type }
  return {
    ready,
    cur,
    environment: {
      ...{ key, place, previous: liveRelease(ctx, deploy.project, key) },
      generation: currentGeneration(profilePath(ctx.host, place.facts.userName)),
      gone: deploy.kind === 'purge' ? releaseNumbers(ctx, deploy.project, key) : [],
      n: next && (next.again ?? ctx.state.environments.nextRelease(deploy.project, key)),
    },
  }
}

/** An environment as the record knows it: facts follow from its name, the type is the policy's. */
export function placeOf(ctx: Context, project: ProjectId, key: string): Place {
  const { domain, runtimeRoot, stateRoot } = ctx.resolve.site
  const all = ctx.state.projects.get(projectName(project))?.policy
  const policy = ownValue(all?.environments, key)
  const facts = environmentFacts(project, key, policy?.hostenv.gitRef ?? key, {
    ...{ domain, runtimeDir: runtimeRoot, stateDir: stateRoot },
  })
  return { facts, type: policy?.type ?? (all && previewOf(all, key)?.type) ?? 'development' }
}

/** The checks that the policy in force wants of an environment. */
export function verificationOf(ctx: Context, project: string, key: string): Verification {
  const policy = ctx.state.projects.get(project)?.policy
  const base = (policy && previewOf(policy, key)?.extends) ?? key
  const environment = ownValue(policy?.environments, base)
  return environment?.deploymentVerification ?? { enable: true, enforce: true, path: '/', timeout: 30, upFor: 2 }
}

/** What the record says is live, with its generation; null when nothing is. */
export function liveRelease(ctx: Context, project: string, key: string): Live | null {
  const release = ctx.state.environments.liveRelease(project, key)
  return release && { n: release.n, revision: release.commit, generation: release.generation, answers: release.answers }
}

/** The refs of a plan: the one that was pushed, what is live, and the release for ever. */
export function refChanges({ ready, cur, environment }: Plan): RefChange[] {
  const { next, deploy } = ready
  const { update } = deploy
  // A branch that goes with its environment may be gone by now.
  const moves = update !== null && !(cur !== null && isZero(cur) && isZero(update.new))
  const pushed = moves ? [{ ref: update.ref, new: isZero(update.new) ? null : update.new, old: cur }] : []
  if (environment === null) return pushed
  const live = { ref: `refs/hostenv/live/${environment.key}`, new: next?.commit ?? null, old: null }
  const gone = environment.gone.map((n) => ({ ref: releaseRef(environment.key, n), new: null, old: null }))
  if (next === null) return environment.previous === null ? [...pushed, ...gone] : [...pushed, live, ...gone]
  const release = { ref: releaseRef(environment.key, environment.n ?? 0), new: next.commit, old: null }
  return [...pushed, live, release]
}

/** The ref that keeps the commit of a release. */
export function releaseRef(key: string, n: number): string {
  return `refs/hostenv/releases/${key}/${n}`
}

/** Every release of an environment that is on record. */
export function releaseNumbers(ctx: Context, project: string, key: string): number[] {
  return ctx.state.environments.releases(project, key).map(({ n }) => n)
}

/** Throws Refused for an environment that could not be restored: what it is has to be settled before it becomes something new. */
export function refuseBroken(ctx: Context, project: string, key: string): void {
  const row = ctx.state.environments.get(project, key)
  // Where nothing was live there is nothing to settle, and what only does not run is mended by what comes.
  if (row === null || row.live === null || !row.broken?.startsWith(notRestored)) return
  throw new Refused(`${key} is broken; redeploy or roll back first`, {
    headline: `${key} is broken: release ${row.live} could not be restored`,
    detail: [row.broken],
    help: [
      `To start release ${row.live} again: ssh HOST redeploy ${shellWord(key)} -p ${project}`,
      `To go back to the one before: ssh HOST rollback ${shellWord(key)} -p ${project}`,
      'Then push again.',
    ],
  })
}

// Order is order of arrival: CUR is taken where it is what the client saw, or where an earlier arrival led on from that.
async function currentValue(ctx: Context, deploy: Deploy): Promise<Oid | null> {
  const { session, update, project } = deploy
  if (update === null) return null
  const cur = await refValue(session.repository, ctx.host.path, update.ref)
  // What the receiver changes itself, it changes from whatever there is.
  if (cur === update.old || deploy.kind !== 'push') return cur
  const setter = isZero(cur) ? null : ctx.state.deploys.whoSet(project, update.ref, cur)
  const ancestor = (a: Oid, b: Oid) => isAncestor(session.repository, ctx.host.path, a, b)
  if (setter && setter.id < deploy.id && !isZero(update.new))
    if ((isZero(update.old) || (await ancestor(update.old, cur))) && (await ancestor(cur, update.new))) return cur
  const now = isZero(cur) ? 'gone' : `now ${short(cur)}`
  throw new Refused(`stale: ${shortRef(update.ref)} is ${now}; fetch first`)
}

// A canonical push that arrived earlier may have changed what this ref means, or who may push it.
function recheckPolicy(ctx: Context, deploy: PushDeploy, { key, next }: Ready): Meaning {
  const { project } = deploy
  const policy = ctx.state.projects.get(project)?.policy ?? null
  const made = (one: string) => ctx.state.environments.isPreview(project, one)
  const now = meaningOf(policy, deploy, canonicalBranch(ctx.config, project), made)
  if (deploys(ctx.config, project) && next?.newPolicy == null && policy && now.key !== key)
    throw new Refused('the policy changed meanwhile; push again')
  // What was allowed then is written down already.
  for (const one of now.needs) if (!mayUpdate(ctx.state, deploy, one)) permitUpdate(ctx.state, deploy, one)
  if (next?.newPolicy && key !== null && !mayGrant(ctx.state, deploy, now.own))
    permitPolicy(ctx.state, deploy, { before: now.own, key, policy: next.newPolicy })
  return now
}
