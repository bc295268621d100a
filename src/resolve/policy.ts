// Policy: who may do what, and what a ref means. It comes from the canonical branch alone, never from the pushed commit.

import { levelOf, type Role } from '../config/roles.ts'
import { nixString } from '../lib/nix-string.ts'
import { ownValue } from '../lib/own-value.ts'
import { shellWord } from '../lib/shell-word.ts'
import type { EnvironmentFacts, EnvironmentManifest, Manifest } from '../records.ts'
import { Refused } from '../records.ts'
import { claimedBy } from '../state/tags.ts'

/** The refusal for a branch that means nothing: what there is, and the lines that would add it. */
export function undeclared(policy: Manifest, name: string, canonicalBranch: string): Refused {
  const patterns = Object.entries(policy.previews).map(([pattern, preview]) =>
    preview.enable ? `${pattern} (of ${preview.extends})` : `${pattern} (disabled)`,
  )
  const folder = /^(.+\/)[^/]+$/.exec(name)?.[1]
  const extended = policy.defaultEnvironment
  return new Refused(`no environment for ${name}`, {
    headline: `No environment for '${name}'`,
    detail: [
      `Declared: ${declared(policy).join(', ') || 'none'}`,
      ...(patterns.length === 0 ? [] : [`Previews: ${patterns.join(', ')}`]),
    ],
    help: [
      `To add it, put this into .hostenv/hostenv.nix and push ${canonicalBranch}:`,
      `  environments.${nixString(name)}.type = "testing";`,
      ...(folder === undefined || extended === null
        ? []
        : [
            'Or this one, for a preview of every such branch:',
            `  previews.${nixString(`${folder}*`)}.extends = ${nixString(extended)};`,
          ]),
    ],
  })
}

/** The refusal for a tag that means nothing: what tags mean here, and the line that would add it. */
export function undeclaredTag(policy: Manifest, name: string, canonicalBranch: string): Refused {
  const claims = Object.entries(policy.environments).flatMap(([key, { enable, releaseTags }]) =>
    enable && releaseTags !== null ? [`${releaseTags} (into ${key})`] : [],
  )
  const claimed = claimedBy(policy, name)
  if (claimed.length > 1)
    return new Refused(`tag ${name} could release into ${claimed.join(' or ')}`, {
      headline: `The tag '${name}' is claimed by ${claimed.length} environments: ${claimed.join(', ')}`,
      detail: [`releaseTags: ${claims.join(', ')}`],
      help: ['Make the patterns exclude one another in .hostenv/hostenv.nix, and push the canonical branch.'],
    })
  const into = policy.defaultEnvironment
  const pattern = name.replace(/\d.*$/, '*')
  return new Refused(`no environment for tag ${name}`, {
    headline: `No environment is deployed from the tag '${name}'`,
    detail: [
      'A tag is deployed where the releaseTags of an environment match it, or where one names it as its gitRef (or is called like it); other tags are not kept here.',
      `Declared: ${declared(policy).join(', ') || 'none'}`,
      ...(claims.length === 0 ? [] : [`releaseTags: ${claims.join(', ')}`]),
    ],
    help: [
      ...(into === null
        ? []
        : [
            `To release such tags, put this into .hostenv/hostenv.nix and push ${canonicalBranch}:`,
            `  environments.${nixString(into)}.releaseTags = ${nixString(pattern)};`,
          ]),
      'To deploy the commit of a tag once, push it to a branch that is declared:',
      `git push hostenv ${shellWord(`${name}^{commit}:refs/heads/BRANCH`)}`,
      'To push branches without their tags: git push --no-follow-tags hostenv BRANCH',
    ],
  })
}

/** The refusal for `-o env=KEY` where there is no such environment. */
export function noSuchKey(policy: Manifest, key: string): Refused {
  return new Refused(`no environment ${key}`, {
    headline: `There is no environment '${key}' to deploy to`,
    detail: [`Declared: ${declared(policy).join(', ') || 'none'}`],
    help: ['A preview is made by pushing its own branch, without -o env.'],
  })
}

// Every key as a person may push it: from its own branch, or from the ref that it names.
function declared(policy: Manifest): string[] {
  return Object.entries(policy.environments).map(([key, { enable, hostenv }]) => {
    if (!enable) return `${key} (disabled)`
    return hostenv.gitRef === key ? key : `${key} (from ${hostenv.gitRef})`
  })
}

/** Names are checked, not believed. Throws Refused with both values of the first field that differs. */
export function checkNames(key: string, said: EnvironmentFacts, due: EnvironmentFacts): void {
  for (const field of Object.keys(due) as (keyof EnvironmentFacts)[]) {
    if (field === 'gitRef' || said[field] === due[field]) continue
    throw new Refused(`${key}: hostenv.${field} is '${said[field]}', must be '${due[field]}'`, {
      headline: `Names do not match the repository pushed to`,
      detail: [
        `environments.${key}.hostenv.${field}`,
        `  in the project: ${said[field]}`,
        `  must be:        ${due[field]}`,
      ],
      help: ['Leave hostenv.* alone: it follows from the repository and the key.'],
    })
  }
}

/**
 * `old`, less every key, user and role that `next` no longer has, and with what it protects and what it requires where nothing
 * was: what a canonical push takes away even when it does not become live.
 */
export function restrict(old: Manifest, next: Manifest): Manifest {
  const environments = Object.entries(old.environments).map(([key, env]) => {
    const allowed = ownValue(next.environments, key)
    const users = restrictUsers(env.users, allowed?.enable ? allowed.users : {})
    const requires = env.requires ?? allowed?.requires ?? null
    return [key, { ...env, users, requires, protected: env.protected || (allowed?.protected ?? false) }]
  })
  const previews = Object.entries(old.previews).map(([pattern, preview]) => {
    const allowed = ownValue(next.previews, pattern)
    // One that is made like another environment now may not be pushed by the users of the old one.
    const kept = allowed?.enable === true && allowed.extends === preview.extends
    const users = restrictUsers(preview.users, kept ? allowed.users : {})
    return [pattern, { ...preview, enable: preview.enable && kept, users }]
  })
  return {
    ...old,
    environments: Object.fromEntries(environments),
    previews: Object.fromEntries(previews),
  }
}

function restrictUsers(old: EnvironmentManifest['users'], next: EnvironmentManifest['users']) {
  const users = Object.entries(old).map(([name, user]) => {
    const { publicKeys: kept = [], role = user.role } = ownValue(next, name) ?? {}
    const publicKeys = user.publicKeys.filter((publicKey) => kept.includes(publicKey))
    return [name, { ...user, publicKeys, role: lesser(user.role, role) }]
  })
  return Object.fromEntries(users)
}

function lesser<T extends Role>(a: T, b: T): T {
  return levelOf(a) < levelOf(b) ? a : b
}
