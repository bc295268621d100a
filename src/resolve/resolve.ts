// Ref → environment: the pushed commit's source, its evaluation, and what the policy says this ref means.
import { environmentFacts } from '../lib/names.ts'
import { shortRef } from '../lib/oid.ts'
import { projectName } from '../lib/repositories.ts'
import {
  type Derivation,
  type EnvironmentManifest,
  type Manifest,
  type Oid,
  type ProjectId,
  Refused,
} from '../records.ts'
import { keyOfFullRef, type Preview, previewOf } from '../state/previews.ts'
import { checkNames, differingFields, differingPattern, undeclared, undeclaredTag } from './policy.ts'
import { checkPreviewName, previewEnvironment } from './preview.ts'
import { type ReadContext, readCommit, type Tell } from './read-commit.ts'
import { peel } from './source.ts'

/** `canonicalBranch` is the project's. */
export type ResolveContext = ReadContext & { readonly canonicalBranch: string }

export interface ResolveQuestion {
  readonly project: ProjectId
  readonly repository: string
  readonly ref: string
  readonly new: Oid
  /** The policy in force, or null for a project whose first canonical push this is. */
  readonly policy: Manifest | null
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
  const known = canonical || !q.policy ? null : keyOfFullRef(q.policy, q.ref)
  if (!canonical && q.policy && known === null)
    throw q.ref.startsWith('refs/tags/')
      ? undeclaredTag(q.policy, name)
      : undeclared(q.policy, name, ctx.canonicalBranch)
  const preview = known === null || !q.policy ? null : previewOf(q.policy, known)
  if (preview !== null) checkPreviewName(ctx.projects, q.project, name)
  const { commit, tree } = await peel(q.repository, ctx.path, q.new)
  const select =
    known === null ? { ref: name } : { key: known, ...(preview === null ? {} : { extends: preview.extends }) }
  const { project, repository, trace } = q
  const question = { project, repository, commit, tree, select, trace }
  const { manifest, selected, missing } = await readCommit(ctx, question, tell)
  for (const [key, env] of Object.entries(manifest.environments))
    checkNames(key, env.hostenv, facts(ctx, q.project, key, env.hostenv.gitRef))
  if (canonical) tell.onManifest(manifest)
  const policy = canonical ? manifest : q.policy
  const key = policy ? keyOfFullRef(policy, q.ref) : null
  if (policy === null || key === null || (canonical && previewOf(policy, key)))
    throw undeclared(manifest, name, ctx.canonicalBranch)
  // What the commit itself declares: the environment, or the one that a preview is made like.
  const base = preview?.extends ?? key
  const own = Object.hasOwn(manifest.environments, base) ? manifest.environments[base] : undefined
  const derivation = Object.hasOwn(selected, key) ? selected[key] : undefined
  if (!own || !derivation)
    throw new Refused(`this commit does not declare ${base}`, {
      detail: [`'${ctx.canonicalBranch}' declares environments.${JSON.stringify(base)}, this commit does not.`],
      help: [`Merge or rebase onto ${ctx.canonicalBranch}, and push again.`],
    })
  const environment = settings(ctx, q.project, policy, own, key, preview)
  const short = {
    project: projectName(q.project),
    commit,
    ref: name,
    key,
    kind: environment.type,
    ...(preview === null ? {} : { previewOf: preview.extends }),
  }
  tell.emit({ type: 'started', ...short })
  for (const text of missing) tell.emit({ type: 'warning', text })
  for (const text of manifest.warnings) tell.emit({ type: 'warning', text })
  const differing = preview === null ? differingFields(environment, own) : differingPattern(preview, manifest)
  if (differing.length > 0)
    tell.emit({ type: 'note', text: `${differing.join(', ')}: takes effect when ${ctx.canonicalBranch} is deployed` })
  const newPolicy = canonical ? manifest : null
  return { key, preview: preview?.pattern ?? null, commit, tree, environment, derivation, newPolicy }
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
  const declared = policy.environments[key]
  if (preview === null && declared) return { ...declared, deploymentVerification: checks(declared, own) }
  if (preview === null) throw new Error(`${key} is neither declared nor a preview`)
  return previewEnvironment(policy, own, preview, facts(ctx, project, key, key))
}

// The pushed commit says what is checked, the policy whether checks are enforced.
function checks(policy: EnvironmentManifest, own: EnvironmentManifest) {
  return { ...own.deploymentVerification, enable: policy.deploymentVerification.enable }
}

function facts(ctx: ResolveContext, project: ProjectId, key: string, gitRef: string) {
  const { domain, runtimeRoot, stateRoot } = ctx.site
  return environmentFacts(project, key, gitRef, { domain, runtimeDir: runtimeRoot, stateDir: stateRoot })
}
