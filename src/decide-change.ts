// What a change without a push makes of an environment, decided under its lock: the release to be, nothing, or a refusal.
import { lstatSync } from 'node:fs'
import { asBefore, rollbackTarget } from './activate/earlier-release.ts'
import { isOver } from './activate/lifetime.ts'
import { placeOf, verificationOf } from './activate/plan.ts'
import { keptLink } from './activate/roots.ts'
import { canonicalBranch } from './config/grants.ts'
import type { Context, Next, OwnDeploy } from './context.ts'
import { short } from './lib/oid.ts'
import { ownValue } from './lib/own-value.ts'
import { projectId } from './lib/repositories.ts'
import { shellWord } from './lib/shell-word.ts'
import { Refused } from './records.ts'
import type { DeployKind } from './state/deploys.ts'
import { keyOfFullRef, previewOf } from './state/previews.ts'
import { guardOf } from './state/rights.ts'

export type ChangeKind = Exclude<DeployKind, 'push'>

/** What is to happen. `to`: a release's number, or null for the one that was live before; `confirm`: the key, said once more. */
export type Change =
  | { readonly kind: 'rollback'; readonly to: number | null }
  /** `pushed`: not what is live, but what was pushed last and only built. */
  | { readonly kind: 'redeploy'; readonly pushed?: boolean }
  | { readonly kind: 'wake' | 'purge' }
  /** `expired`: nobody asks for it, its time is over. */
  | {
      readonly kind: 'pause' | 'destroy'
      readonly confirm: string | null
      readonly why?: string
      readonly expired?: true
    }

/** The branch that goes with an environment when it is destroyed; null: it stays, as it is the policy's or means another one by now. */
export function branchOf(ctx: Context, project: string, key: string): string | null {
  const policy = ctx.state.projects.get(project)?.policy
  const name = ownValue(policy?.environments, key)?.hostenv.gitRef ?? key
  const ref = `refs/heads/${name}`
  const meant = policy === undefined ? null : keyOfFullRef(policy, ref)
  return name === canonicalBranch(ctx.config, project) || (meant !== null && meant !== key) ? null : ref
}

/** What the environment is to become; null: nothing. Throws Refused when that cannot be. */
export function decideChange(ctx: Context, deploy: OwnDeploy, key: string, what: Change): Next | null {
  const { project, report } = deploy
  const tell = (text: string) => report.emit({ type: 'change', project, key, text })
  if (what.kind === 'purge') return purge(ctx, deploy, key, tell)
  if (what.kind === 'destroy' || what.kind === 'pause') return stop(ctx, deploy, key, what, tell)
  const live = ctx.state.environments.liveRelease(project, key)
  if (live === null) checkDeclared(ctx, project, key)
  if (what.kind === 'redeploy' && what.pushed) return keptBuild(ctx, project, key, tell)
  if (what.kind === 'redeploy') {
    if (live === null)
      throw new Refused(`nothing of ${key} is live`, { help: [`To start its last release: ssh HOST rollback ${key}`] })
    const next = { ...asBefore(ctx, live, `redeploy of ${live.n}`), proven: null }
    tell(`release ${live.n} (${short(live.commit)}) anew`)
    return next
  }
  if (what.kind !== 'rollback') return wake(ctx, deploy, key, tell)
  const target = rollbackTarget(ctx, project, key, what.to)
  const next = asBefore(ctx, target, `rollback to ${target.n}`)
  tell(`back to release ${target.n} (${short(target.commit)}, by ${target.by})`)
  return next
}

// What was pushed with `-o no-activate`: its policy is in force since then, and its build is kept.
function keptBuild(ctx: Context, project: string, key: string, tell: (text: string) => void): Next {
  const row = ctx.state.deploys.lastPush(project, key)
  const { id = 0, new: commit = '', tree = null, out = null, release = null } = row ?? {}
  const user = placeOf(ctx, projectId(project), key).facts.userName
  const kept = lstatSync(keptLink(ctx.config.stateDir, user), { throwIfNoEntry: false }) !== undefined
  if (!kept || release !== null || tree === null || out === null)
    throw new Refused(`no build is kept for ${key}`, {
      help: [
        'One is kept by: git push -o no-activate hostenv BRANCH',
        'What is live, activated anew: redeploy without --pushed.',
      ],
    })
  tell(`what d${id} built (${short(commit)})`)
  return {
    ...{ commit, tree, out, generation: null, label: `built by d${id}`, closureBytes: null, since: null },
    ...{
      closure: Promise.resolve({ closureBytes: null, since: null }),
      newPolicy: null,
      proven: null,
      again: null,
      ttl: null,
      tag: null,
    },
    preview: ctx.state.environments.get(project, key)?.preview ?? null,
    verification: verificationOf(ctx, project, key),
  }
}

// What was paused comes back as the release that it was.
function wake(ctx: Context, { project }: OwnDeploy, key: string, tell: (text: string) => void): Next {
  const row = ctx.state.environments.get(project, key)
  const release = row?.wakes == null ? null : ctx.state.environments.release(project, key, row.wakes)
  if (release === null)
    throw new Refused(`${key} is not paused`, {
      help: row?.live == null ? [`To bring it back: git push hostenv ${shellWord(key)}`] : [],
    })
  const next = { ...asBefore(ctx, release, ''), again: release.n }
  tell(`waking release ${release.n} (${short(release.commit)})`)
  return next
}

function stop(
  ctx: Context,
  { project }: OwnDeploy,
  key: string,
  { kind, confirm, why, expired }: Extract<Change, { kind: 'pause' | 'destroy' }>,
  tell: (text: string) => void,
): null {
  const row = ctx.state.environments.get(project, key)
  const runs = row !== null && (row.live !== null || row.broken !== null)
  const policy = ctx.state.projects.get(project)?.policy ?? null
  const { production, protected: guarded } = guardOf(policy, key)
  const declared = ctx.state.projects.declares(project, key)
  const preview = !declared && row?.preview != null
  const gitRef = ownValue(policy?.environments, key)?.hostenv.gitRef
  if (kind === 'destroy' && gitRef === canonicalBranch(ctx.config, project))
    throw new Refused(`${key} is deployed from the canonical branch, which stays`, {
      help: [`To stop it: ssh HOST pause ${shellWord(key)} --confirm ${shellWord(key)} -p ${project}`],
    })
  const other = kind === 'destroy' && !preview ? (declared ? 'declared' : 'no preview') : null
  const careful = production ? 'production' : guarded ? 'protected' : other
  if (careful !== null && confirm !== key)
    throw new Refused(`${key} is ${careful}`, {
      headline: `This stops ${key}, which is ${careful}`,
      help: [
        `If that is meant: ssh HOST ${kind} ${shellWord(key)} --confirm ${shellWord(key)} -p ${project}`,
        ...(declared ? [] : ['Its data is kept for a while, and then goes.']),
      ],
    })
  if (kind === 'pause' && !runs)
    throw new Refused(row?.wakes == null ? `nothing of ${key} is live` : `${key} is paused already`)
  // Asked again here: somebody may have renewed it, deployed to it or declared it while this waited.
  if (expired && !(preview && isOver(ctx, project, key))) throw new Refused(`${key} has not expired`)
  if (kind === 'destroy' && !runs && row?.wakes == null && row?.goes_at != null)
    throw new Refused(`${key} is torn down already`, { help: [`Its data goes at ${row.goes_at}.`] })
  tell(why ?? (kind === 'pause' ? 'pausing' : 'stopping'))
  return null
}

// Asked again here: somebody may have brought it back while this waited.
function purge(ctx: Context, { project }: OwnDeploy, key: string, tell: (text: string) => void): null {
  const row = ctx.state.environments.get(project, key)
  const kept = ctx.state.projects.declares(project, key)
  if (kept || row === null || row.live !== null || row.goes_at === null || Date.parse(row.goes_at) > ctx.now())
    throw new Refused(`${key} is not to go`)
  tell('removing its data, its releases and its name')
  return null
}

// What is not live does not come back against the policy.
function checkDeclared(ctx: Context, project: string, key: string): void {
  const policy = ctx.state.projects.get(project)?.policy
  const declared = ownValue(policy?.environments, key)
  if (!policy || declared?.enable || previewOf(policy, key) !== null) return
  if (declared !== undefined)
    throw new Refused(`${key} is disabled`, {
      help: ['Push a canonical branch that enables it, then try again.'],
    })
  throw new Refused(`${key} is not declared any more`, {
    help: ['Push a canonical branch that declares it, then try again.'],
  })
}
