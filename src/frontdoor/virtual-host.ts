// What a host name's own settings (`virtualHosts.<name>`) do to a request and to its answer. Pure.
import { locationOf, type RequestFacts, returnFor } from '../lib/return-directive.ts'
import type { VirtualHost } from '../records.ts'
import { hasField, type RawHeaders } from './headers.ts'

/** The settings of one host name, and whether search engines may list what is behind it. */
export interface HostRules {
  readonly settings: VirtualHost
  readonly indexed: boolean
}

/** An answer of the front door itself. */
export interface Reply {
  readonly status: number
  readonly headers: RawHeaders
  readonly body: string
}

/** What is answered without asking the environment, or null. `host` is the Host field, with its port. */
export function replyOf({ settings }: HostRules, request: RequestFacts & { readonly hostField: string }): Reply | null {
  const { locations, globalRedirect, redirectCode } = settings
  const name = locationOf(Object.keys(locations), request.requestUri)
  const directive = name === null ? null : (locations[name]?.return ?? null)
  if (directive !== null) {
    const { status, location, text } = returnFor(directive, request)
    return reply(status, location, text)
  }
  // A location without `return` keeps its part of the host from being redirected.
  if (globalRedirect === null || (name !== null && name !== '/')) return null
  // The port stays: a front door on another port than 80 serves the other name there too.
  const port = /:\d+$/.exec(request.hostField)?.[0] ?? ''
  const target = globalRedirect.includes(':') ? globalRedirect : `${globalRedirect}${port}`
  return reply(redirectCode, `${request.scheme}://${target}${request.requestUri}`, null)
}

function reply(status: number, location: string | null, text: string | null): Reply {
  const body = status === 204 || status === 205 || text === null ? '' : `${text}\n`
  const type = body === '' ? [] : ['Content-Type', 'text/plain; charset=utf-8']
  const length = status === 204 ? [] : ['Content-Length', String(Buffer.byteLength(body))]
  return { status, headers: [...type, ...length, ...(location === null ? [] : ['Location', location])], body }
}

/**
 * The fields that a host name's settings add to an answer that has the fields `raw`. What the environment says itself about
 * frames, types, referrers and reports stays; policies and what search engines may do only ever get stricter.
 * @param tls whether the client came over TLS: only there does HSTS mean something (RFC 6797 §7.2)
 */
export function addedHeaders(rules: HostRules | undefined, raw: RawHeaders, tls: boolean): string[] {
  if (rules === undefined) return []
  const { hsts, security } = rules.settings
  const missing = (name: string, value: string | null): string[] =>
    value === null || hasField(raw, name.toLowerCase()) ? [] : [name, value]
  return [
    ...missing('Report-To', security.reportTo),
    ...missing('Referrer-Policy', security.referrerPolicy),
    ...missing('X-Frame-Options', security.xFrameOptions),
    ...missing('X-Content-Type-Options', security.xContentTypeOptions ? 'nosniff' : null),
    ...missing('Strict-Transport-Security', tls && hsts && security.hsts ? HSTS : null),
    ...contentSecurityPolicy(security),
    ...(rules.indexed ? [] : ['X-Robots-Tag', 'noindex']),
  ]
}

const HSTS = 'max-age=63072000; includeSubDomains; preload'

function contentSecurityPolicy({ csp, cspMode, cspReportTo }: VirtualHost['security']): string[] {
  if (csp === null) return []
  const name = cspMode === 'report-only' ? 'Content-Security-Policy-Report-Only' : 'Content-Security-Policy'
  const policy = csp.replace(/;\s*$/, '')
  return [name, cspReportTo === null ? policy : `${policy}; report-to ${cspReportTo}`]
}
