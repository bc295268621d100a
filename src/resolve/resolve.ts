// Ref → environment: the pushed commit's source, its evaluation, and what the policy says this ref means.
import { environmentFacts } from '../lib/names.ts'
import { shortRef } from '../lib/oid.ts'
import {
  type Derivation,
  type Emit,
  type EnvironmentManifest,
  type Manifest,
  type Oid,
  type ProjectId,
  Refused,
} from '../records.ts'
import { keyOfRef } from '../state/policy-keys.ts'
import { type EvaluateContext, evaluate } from './evaluate.ts'
import { notFetched } from './not-fetched.ts'
import { checkNames, differingFields, undeclared, undeclaredTag } from './policy.ts'
import { checkHostenvFolder, peel, type SourceContext, treeToStore } from './source.ts'

export type ResolveContext = SourceContext & EvaluateContext & { readonly canonicalBranch: string }

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
  tell: { emit: Emit; signal: AbortSignal; onManifest: (manifest: Manifest) => void },
): Promise<Resolved> {
  const name = shortRef(q.ref)
  const canonical = q.ref === `refs/heads/${ctx.canonicalBranch}`
  if (!canonical && q.policy === null)
    throw new Refused(`push ${ctx.canonicalBranch} first`, {
      headline: 'This project has no policy yet',
      detail: [`What a branch means is read from '${ctx.canonicalBranch}'.`],
      help: [`git push hostenv ${ctx.canonicalBranch}`],
    })
  const known = canonical || !q.policy ? null : keyOfRef(q.policy, name)
  if (!canonical && q.policy && known === null)
    throw q.ref.startsWith('refs/tags/')
      ? undeclaredTag(q.policy, name)
      : undeclared(q.policy, name, ctx.canonicalBranch)
  const { commit, tree } = await peel(q.repository, ctx.path, q.new)
  await checkHostenvFolder(q.repository, ctx.path, tree)
  const source = await treeToStore(ctx, q.repository, tree)
  const select = known === null ? { ref: name } : { key: known }
  const question = { project: q.project, source, revision: commit, select, trace: q.trace }
  const { manifest, selected } = await evaluate(ctx, question, tell.signal)
  for (const [key, env] of Object.entries(manifest.environments))
    checkNames(key, env.hostenv, facts(ctx, q.project, key, env))
  if (canonical) tell.onManifest(manifest)
  const policy = canonical ? manifest : q.policy
  const key = policy ? keyOfRef(policy, name) : null
  const inForce = key === null ? undefined : policy?.environments[key]
  if (key === null || !inForce) throw undeclared(manifest, name, ctx.canonicalBranch)
  const own = Object.hasOwn(manifest.environments, key) ? manifest.environments[key] : undefined
  const derivation = Object.hasOwn(selected, key) ? selected[key] : undefined
  if (!own || !derivation)
    throw new Refused(`this commit does not declare ${key}`, {
      detail: [`'${ctx.canonicalBranch}' declares environments.${JSON.stringify(key)}, this commit does not.`],
      help: [`Merge or rebase onto ${ctx.canonicalBranch}, and push again.`],
    })
  const short = {
    project: `${q.project.organisation}/${q.project.project}`,
    commit,
    ref: name,
    key,
    kind: inForce.type,
  }
  tell.emit({ type: 'started', ...short })
  for (const text of await notFetched(q.repository, ctx.path, tree)) tell.emit({ type: 'warning', text })
  for (const text of manifest.warnings) tell.emit({ type: 'warning', text })
  const differing = differingFields(inForce, own)
  if (differing.length > 0)
    tell.emit({ type: 'note', text: `${differing.join(', ')}: takes effect when ${ctx.canonicalBranch} is deployed` })
  const environment = { ...inForce, deploymentVerification: checks(inForce, own) }
  return { key, commit, tree, environment, derivation, newPolicy: canonical ? manifest : null }
}

// The pushed commit says what is checked, the policy whether checks are enforced.
function checks(policy: EnvironmentManifest, own: EnvironmentManifest) {
  return { ...own.deploymentVerification, enable: policy.deploymentVerification.enable }
}

function facts(ctx: ResolveContext, project: ProjectId, key: string, env: EnvironmentManifest) {
  const { domain, runtimeRoot, stateRoot } = ctx.site
  return environmentFacts(project, key, env.hostenv.gitRef, { domain, runtimeDir: runtimeRoot, stateDir: stateRoot })
}
