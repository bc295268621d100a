// Ref → environment: the pushed commit's source, its evaluation, and what the policy says this ref means.
import { environmentFacts } from '../lib/names.ts'
import { shortRef } from '../lib/oid.ts'
import { ownValue } from '../lib/own-value.ts'
import { projectName } from '../lib/repositories.ts'
import { parseTtl } from '../lib/ttl.ts'
import {
  type Derivation,
  type EnvironmentManifest,
  type Manifest,
  type Oid,
  type ProjectId,
  Refused,
} from '../records.ts'
import { keyNamed, keyOfFullRef, type Preview, previewOf } from '../state/previews.ts'
import { differing } from './differing.ts'
import { checkNames, noSuchKey, undeclared, undeclaredTag } from './policy.ts'
import { checkPreviewName, checksOf, previewEnvironment } from './preview.ts'
import { type ReadContext, readCommit, type Tell } from './read-commit.ts'
import { pushedCommit } from './source.ts'

/** `canonicalBranch` is the project's. */
export type ResolveContext = ReadContext & { readonly canonicalBranch: string }

export interface ResolveQuestion {
  readonly project: ProjectId
  readonly repository: string
  readonly ref: string
  readonly new: Oid
  /** The policy in force, or null for a project whose first canonical push this is. */
  readonly policy: Manifest | null
  /** The environment that the push names, whatever the ref means; null: what the ref means. */
  readonly env: string | null
  /** How long a preview lives after this push, where the pusher says so. */
  readonly ttl: string | null
  readonly trace: boolean
}

export interface Resolved {
  readonly key: string
  /** The pattern that makes it a preview, or null. */
  readonly preview: string | null
  readonly commit: Oid
  readonly tree: Oid
  /** Settings in force for this deploy: policy fields from the policy, checks from the pushed commit. */
  readonly environment: EnvironmentManifest
  readonly derivation: Derivation
  /** The pushed commit's own manifest when this is the canonical branch: the policy to be. */
  readonly newPolicy: Manifest | null
}

/** Finds out what a push of one ref means. `onManifest` hears of a canonical manifest before anything else can fail. */
export async function resolveRef(
  ctx: ResolveContext,
  q: ResolveQuestion,
  tell: Tell & { onManifest: (manifest: Manifest) => void },
): Promise<Resolved> {
  const name = shortRef(q.ref)
  const canonical = q.ref === `refs/heads/${ctx.canonicalBranch}`
  if (!canonical && q.policy === null)
    throw new Refused(`push ${ctx.canonicalBranch} first`, {
      headline: 'This project has no policy yet',
      detail: [`What a branch means is read from '${ctx.canonicalBranch}'.`],
      help: [`git push hostenv ${ctx.canonicalBranch}`],
    })
  const known = canonical || !q.policy ? null : keyMeant(q.policy, q)
  if (!canonical && q.policy && known === null)
    throw q.ref.startsWith('refs/tags/')
      ? undeclaredTag(q.policy, name, ctx.canonicalBranch)
      : undeclared(q.policy, name, ctx.canonicalBranch)
  const preview = known === null || !q.policy ? null : previewOf(q.policy, known)
  if (preview !== null) checkPreviewName(ctx.projects, q.project, known ?? name)
  const { commit, tree } = await pushedCommit(q.repository, ctx.path, q.new)
  const wanted = known ?? q.env
  const select =
    wanted === null
      ? { ref: name }
      : { key: wanted, ...(preview === null ? {} : { extends: preview.extends, schedules: preview.schedules ?? [] }) }
  const { project, repository, trace } = q
  const question = { project, repository, commit, tree, select, trace }
  const { manifest, selected, missing, buildDependsOnCommit } = await readCommit(ctx, question, tell)
  for (const [key, env] of Object.entries(manifest.environments))
    checkNames(key, env.hostenv, facts(ctx, q.project, key, env.hostenv.gitRef))
  if (canonical) tell.onManifest(manifest)
  const policy = canonical ? manifest : q.policy
  const key = policy ? keyMeant(policy, q) : null
  if (policy === null || key === null || (canonical && previewOf(policy, key)))
    throw q.env === null ? undeclared(manifest, name, ctx.canonicalBranch) : noSuchKey(manifest, q.env)
  // What the commit itself declares: the environment, or the one that a preview is made like.
  const base = preview?.extends ?? key
  const own = ownValue(manifest.environments, base)
  const derivation = ownValue(selected, key)
  if (!own || !derivation)
    throw new Refused(`this commit does not declare ${base}`, {
      detail: [`'${ctx.canonicalBranch}' declares environments.${JSON.stringify(base)}, this commit does not.`],
      help: [`Merge or rebase onto ${ctx.canonicalBranch}, and push again.`],
    })
  const environment = settings(ctx, q.project, policy, own, key, preview)
  const ttl = q.ttl ?? preview?.ttl ?? null
  const life = preview === null || ttl === null ? null : parseTtl(ttl)
  const short = {
    project: projectName(q.project),
    commit,
    ref: name,
    key,
    kind: environment.type,
    ...(preview === null ? {} : { previewOf: preview.extends }),
    ...(life === null ? {} : { expiresIn: life }),
  }
  tell.emit({ type: 'started', ...short })
  for (const text of missing) tell.emit({ type: 'warning', text })
  for (const text of manifest.warnings) tell.emit({ type: 'warning', text })
  if (buildDependsOnCommit) tell.emit({ type: 'note', text: perCommit })
  const later = canonical ? null : differing(policy, manifest, key, preview)
  if (later !== null)
    tell.emit({ type: 'note', text: `${later}: takes effect when ${ctx.canonicalBranch} is deployed` })
  const newPolicy = canonical ? manifest : null
  return { key, preview: preview?.pattern ?? null, commit, tree, environment, derivation, newPolicy }
}

const perCommit = 'this build depends on the commit (buildReference, or self.rev of a flake): each commit is built anew'

// Only what is there already can be named, so a preview is known by its pattern alone.
function keyMeant(policy: Manifest, { ref, env }: Pick<ResolveQuestion, 'ref' | 'env'>): string | null {
  return env === null ? keyOfFullRef(policy, ref) : keyNamed(policy, env, () => true)
}

// Settings in force: a preview's follow from its pattern, a declared environment's are the policy's.
function settings(
  ctx: ResolveContext,
  project: ProjectId,
  policy: Manifest,
  own: EnvironmentManifest,
  key: string,
  preview: Preview | null,
): EnvironmentManifest {
  const declared = ownValue(policy.environments, key)
  if (preview === null && declared)
    return { ...declared, deploymentVerification: checksOf(declared.deploymentVerification, own) }
  if (preview === null) throw new Error(`${key} is neither declared nor a preview`)
  return previewEnvironment(policy, own, preview, facts(ctx, project, key, key))
}

function facts(ctx: ResolveContext, project: ProjectId, key: string, gitRef: string) {
  const { domain, runtimeRoot, stateRoot } = ctx.site
  return environmentFacts(project, key, gitRef, { domain, runtimeDir: runtimeRoot, stateDir: stateRoot })
}
