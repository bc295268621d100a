// Which environment a host name leads to: its own name under the operator's domain, or a custom name that its project was granted.
import { join } from 'node:path'
import { ownValue } from '../lib/own-value.ts'
import { shellWord } from '../lib/shell-word.ts'
import type { Manifest } from '../records.ts'
import type { EnvironmentRow, Environments } from '../state/environments.ts'
import type { Paused } from './paused-page.ts'
import type { Route } from './private-links.ts'
import type { HostRules } from './virtual-host.ts'

export interface RoutesOptions {
  readonly record: {
    readonly environments: Pick<Environments, 'byUserName' | 'get'>
    readonly policy: (project: string) => Manifest | null
  }
  readonly domain: string
  readonly runtimeDir: string
  /** The project (`organisation/project`) that may have a host name which is not one of its own under the domain, or null. */
  readonly grantee: (hostname: string) => string | null
  /** The command line with which a word (`wake feature/foo -p acme/shop`) is said to this receiver. */
  readonly command: (word: string) => string
}

/** Makes the front door's look-up. Only an environment with a live release is served, and a paused one says so; nothing is known of the others. */
export function createRoutes(options: RoutesOptions): (hostname: string) => Route | null {
  const { environments, policy } = options.record
  const uid = process.getuid?.() ?? 0

  const owner = (hostname: string): EnvironmentRow | null => {
    const suffix = `.${options.domain}`
    // A name that an environment has, or had, leads there or nowhere, whatever a project claims.
    const own = hostname.endsWith(suffix) ? environments.byUserName(hostname.slice(0, -suffix.length)) : null
    if (own) return own
    const project = options.grantee(hostname)
    if (project === null) return null
    const key = claimant(policy(project), hostname)
    return key === null ? null : environments.get(project, key)
  }

  return (hostname) => {
    const row = owner(hostname)
    if (!row || (row.live === null && row.wakes === null)) return null
    const { project, key, user_name: userName } = row
    const host = rulesOf(policy(project), key, hostname)
    const route = { userName, upstreamDir: join(options.runtimeDir, 'upstream', userName), uid, host }
    return row.live === null ? { ...route, paused: paused(row, options) } : route
  }
}

/** Host names that are remembered at once; nobody can make it more by asking for names that lead nowhere. */
const REMEMBERED = 10_000

/** A look-up that asks again only when `version` answers something else than before, or nothing was found. */
export function remembered(
  route: (hostname: string) => Route | null,
  version: () => unknown,
): (hostname: string) => Route | null {
  const routes = new Map<string, Route>()
  let seen: unknown
  return (hostname) => {
    const now = version()
    if (now !== seen || routes.size > REMEMBERED) routes.clear()
    seen = now
    const known = routes.get(hostname) ?? route(hostname)
    if (known !== null) routes.set(hostname, known)
    return known
  }
}

// The environment that a project wants a host name for; the first where it says two.
function claimant(policy: Manifest | null, hostname: string): string | null {
  const all = Object.entries(policy?.environments ?? {})
  return all.find(([, { enable, virtualHosts }]) => enable && Object.hasOwn(virtualHosts, hostname))?.[0] ?? null
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

function rulesOf(policy: Manifest | null, key: string, hostname: string): HostRules {
  const environment = ownValue(policy?.environments, key)
  const hosts = environment?.virtualHosts ?? {}
  const settings = ownValue(hosts, hostname)
  const indexed = settings?.allowIndexing ?? environment?.type === 'production'
  return { settings: settings ?? DEFAULTS, indexed }
}
