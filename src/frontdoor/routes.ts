// Which environment a host name leads to: its own name under the operator's domain, or a custom name that its project was granted.
import { join } from 'node:path'
import { shellWord } from '../lib/shell-word.ts'
import type { Manifest } from '../records.ts'
import type { EnvironmentRow } from '../state/environments.ts'
import type { State } from '../state/state.ts'
import type { Paused } from './paused-page.ts'
import type { Route } from './private-links.ts'
import type { HostRules } from './virtual-host.ts'

export interface RoutesOptions {
  readonly state: Pick<State, 'environments' | 'projects'>
  readonly domain: string
  readonly runtimeDir: string
  /** Whether a project (`organisation/project`) may have a host name that is not one of its own under the domain. */
  readonly granted: (hostname: string, project: string) => boolean
  /** The command line with which a word (`wake feature/foo -p acme/shop`) is said to this receiver. */
  readonly command: (word: string) => string
}

interface Claim {
  readonly project: string
  readonly key: string
}

interface Index {
  readonly revision: number
  readonly policies: ReadonlyMap<string, Manifest>
  readonly claims: ReadonlyMap<string, readonly Claim[]>
}

/** Makes the front door's look-up. Only an environment with a live release is served, and a paused one says so; nothing is known of the others. */
export function createRoutes(options: RoutesOptions): (hostname: string) => Route | null {
  const { environments, projects } = options.state
  const uid = process.getuid?.() ?? 0
  let index: Index = { revision: -1, policies: new Map(), claims: new Map() }

  const owner = (hostname: string): EnvironmentRow | null => {
    const suffix = `.${options.domain}`
    // A name that an environment has, or had, leads there or nowhere, whatever a project claims.
    const own = hostname.endsWith(suffix) ? environments.byUserName(hostname.slice(0, -suffix.length)) : null
    if (own) return own
    const claim = index.claims.get(hostname)?.find(({ project }) => options.granted(hostname, project))
    return claim ? environments.get(claim.project, claim.key) : null
  }

  return (hostname) => {
    if (index.revision !== projects.revision) index = makeIndex(projects.revision, projects.all())
    const row = owner(hostname)
    if (!row || (row.live === null && row.wakes === null)) return null
    const { project, key, user_name: userName } = row
    const host = rulesOf(index.policies.get(project), key, hostname)
    const route = { userName, upstreamDir: join(options.runtimeDir, 'upstream', userName), uid, host }
    return row.live === null ? { ...route, paused: paused(row, options) } : route
  }
}

function paused(
  { project, key, goes_at: goesAt, expires_at: end }: EnvironmentRow,
  { command }: RoutesOptions,
): Paused {
  const wake = command(`wake ${shellWord(key)} -p ${project}`)
  return { key, goesAt, expired: goesAt !== null && end !== null, wake }
}

const DEFAULTS: HostRules['settings'] = {
  ...{
    globalRedirect: null,
    enableLetsEncrypt: true,
    redirectCode: 301,
    locations: {},
    allowIndexing: null,
    hsts: true,
  },
  security: {
    ...{ csp: null, cspMode: 'enforce', cspReportTo: null, reportTo: null, xContentTypeOptions: true, hsts: true },
    ...{ referrerPolicy: 'strict-origin-when-cross-origin', xFrameOptions: 'SAMEORIGIN' },
  },
}

function rulesOf(policy: Manifest | undefined, key: string, hostname: string): HostRules {
  const environment = policy?.environments[key]
  const hosts = environment?.virtualHosts ?? {}
  const settings = Object.hasOwn(hosts, hostname) ? hosts[hostname] : undefined
  const indexed = settings?.allowIndexing ?? environment?.type === 'production'
  return { settings: settings ?? DEFAULTS, indexed }
}

// A name that two projects were granted goes to the first by name: what is served does not depend on who deployed last.
function makeIndex(revision: number, rows: readonly { readonly name: string; readonly policy: Manifest }[]): Index {
  const claims = new Map<string, Claim[]>()
  for (const { name: project, policy } of rows)
    for (const [key, environment] of Object.entries(policy.environments))
      for (const hostname of Object.keys(environment.virtualHosts)) {
        if (!environment.enable) continue
        claims.set(hostname, [...(claims.get(hostname) ?? []), { project, key }])
      }
  return { revision, claims, policies: new Map(rows.map(({ name, policy }) => [name, policy])) }
}
