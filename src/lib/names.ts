// The names that follow from (organisation, project, key). nix/lib/names.nix computes the same ones; a difference is refused.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { EnvironmentFacts, ProjectId } from '../records.ts'

/** Where the operator puts environments: the domain of their host names and two absolute directories. */
export interface Site {
  readonly domain: string
  readonly runtimeDir: string
  readonly stateDir: string
}

/** The identity of a project: lower case, every character outside [a-z0-9] dropped. Empty where nothing is left. */
export function normalise(organisation: string, project: string): ProjectId {
  return { organisation: words(organisation).join(''), project: words(project).join('') }
}

/**
 * A short word for a name: of the part after the last `/`, whole words up to 11 characters in all. A longer first word is
 * cut at 11; what has no letter or digit at all becomes `x`.
 */
export function slug(name: string): string {
  const [first, ...rest] = words(name.slice(name.lastIndexOf('/') + 1))
  if (first === undefined) return 'x'
  let text = first.slice(0, 11)
  for (const word of rest) {
    if (text.length + 1 + word.length > 11) break
    text += `-${word}`
  }
  return text
}

/** `slug(project)-slug(key)-hash7`, at most 31 characters. Organisation and project are normalised ones. */
export function userName(organisation: string, project: string, key: string): string {
  const hash = createHash('sha256').update(`${organisation}-${project}-${key}\n`).digest('hex')
  return `${slug(project)}-${slug(key)}-${hash.slice(0, 7)}`
}

/** The whole key as one word of letters, digits and `-`: `feature/foo` is `feature-foo`. Not unique; `userName` is. */
export function safeEnvironmentName(key: string): string {
  return words(key).join('-') || 'x'
}

/** Everything that follows from a normalised project and one of its keys. Directories are absolute, none is created. */
export function environmentFacts(project: ProjectId, key: string, gitRef: string, site: Site): EnvironmentFacts {
  const user = userName(project.organisation, project.project, key)
  const state = join(site.stateDir, 'env', user)
  return {
    organisation: project.organisation,
    project: project.project,
    environmentName: key,
    safeEnvironmentName: safeEnvironmentName(key),
    gitRef,
    userName: user,
    hostname: `${user}.${site.domain}`,
    runtimeDir: runtimeDirOf(site.runtimeDir, user),
    upstreamRuntimeDir: join(site.runtimeDir, 'upstream', user),
    dataDir: join(state, 'data'),
    stateDir: join(state, 'state'),
    cacheDir: join(state, 'cache'),
  }
}

/** The runtime directory of an environment, by its user name. */
export function runtimeDirOf(runtimeRoot: string, user: string): string {
  return join(runtimeRoot, 'user', user)
}

// Only ASCII counts, and only ASCII is lowered: Nix, which must agree, knows no other letters.
function words(text: string): string[] {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).match(/[a-z0-9]+/g) ?? []
}
