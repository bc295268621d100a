// Which host a request is for (RFC 9110 §7.2, RFC 9112 §3.2). What is ambiguous is no host at all.
import type { IncomingMessage } from 'node:http'
import { valuesOf } from './headers.ts'

export interface RequestTarget {
  /** Lower case, without port and trailing dot: what routes are looked up by. */
  readonly hostname: string
  /** As the client wrote it, with its port. */
  readonly host: string
  /** Origin form: `/path?query`, or `*`. */
  readonly path: string
}

const HOST = /^(?<name>[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?\.?|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{0,5})?$/

/** Null when the request has no Host, several, a malformed one, or a target that says another host. */
export function requestTarget(request: Pick<IncomingMessage, 'rawHeaders' | 'url'>): RequestTarget | null {
  const hosts = valuesOf(request.rawHeaders, 'host')
  const [host = ''] = hosts
  const hostname = hostnameOf(host)
  const { url = '' } = request
  if (hosts.length !== 1 || hostname === null) return null
  if (url.startsWith('/') || url === '*') return { hostname, host, path: url }
  // Absolute form: a proxy's clients send it. It must not say something else than Host does.
  const [, authority = '', path = ''] = /^http:\/\/([^/?#]*)(.*)$/i.exec(url) ?? []
  if (hostnameOf(authority) !== hostname) return null
  return { hostname, host, path: path.startsWith('/') ? path : `/${path}` }
}

function hostnameOf(host: string): string | null {
  const name = HOST.exec(host)?.groups?.name
  return name === undefined ? null : name.toLowerCase().replace(/\.$/, '')
}
