// `virtualHosts.<name>.locations.<path>.return`, in the words of nginx's `return` (ngx_http_rewrite_module): `404`,
// `301 https://example.org$request_uri`, `https://example.org/`, `200 text`. And which location a path belongs to.

/** What a location answers by itself: a status, and where to or which text. */
export interface Return {
  readonly status: number
  readonly location: string | null
  readonly text: string | null
}

/** What the variables of a `return` stand for. */
export interface RequestFacts {
  readonly scheme: 'http' | 'https'
  /** Without port. */
  readonly host: string
  /** Path and query as the client sent them. */
  readonly requestUri: string
}

export const REDIRECT_CODES = [301, 302, 303, 307, 308]
const VARIABLES = ['scheme', 'host', 'request_uri', 'args', 'query_string', 'is_args']
const IS_URL = /^(?:https?:\/\/|\/|\$scheme:\/\/)/

/** Says what is wrong with a `return`, or null. */
export function wrongReturn(directive: string): string | null {
  const parsed = parse(directive)
  if (parsed === null) return 'is neither a status, a status and a text or address, nor an address'
  const { status, value } = parsed
  if (status < 200 || status > 599) return `status ${status} is not one of 200 to 599`
  if (REDIRECT_CODES.includes(status) && !IS_URL.test(value)) return `status ${status} needs an address to go to`
  if ((status < 300 && [204, 205].includes(status) && value !== '') || status === 304)
    return `status ${status} cannot be answered like this`
  const unknown = [...value.matchAll(/\$(\w*)/g)].find(([, name = '']) => !VARIABLES.includes(name))
  if (unknown) return `${unknown[0]} is unknown; there are ${VARIABLES.map((name) => `$${name}`).join(', ')}`
  return null
}

/** The answer of a directive that wrongReturn has nothing against. */
export function returnFor(directive: string, request: RequestFacts): Return {
  const { status, value } = parse(directive) ?? { status: 404, value: '' }
  const mark = request.requestUri.indexOf('?')
  const args = mark < 0 ? '' : request.requestUri.slice(mark + 1)
  const values: Record<string, string> = {
    ...{ scheme: request.scheme, host: request.host, request_uri: request.requestUri },
    ...{ args, query_string: args, is_args: args === '' ? '' : '?' },
  }
  const filled = value.replaceAll(/\$(\w+)/g, (_, name: string) => values[name] ?? '')
  if (REDIRECT_CODES.includes(status)) return { status, location: filled, text: null }
  return { status, location: null, text: filled === '' ? null : filled }
}

/** Says what is wrong with the name of a location, or null. Regular expressions are a project's code in our process: not taken. */
export function wrongLocation(name: string): string | null {
  return /^(?:(?:=|\^~) ?)?\/\S*$/.test(name) ? null : 'is not `/prefix`, `= /exact` or `^~ /prefix`'
}

/** The location that a path belongs to, as nginx finds it: the exact one, else the longest prefix of the decoded, cleaned path. */
export function locationOf(names: readonly string[], requestUri: string): string | null {
  const path = cleanPath(bytesOf(requestUri))
  let best: { name: string; length: number } | null = null
  for (const name of names) {
    const start = encoded(name.slice(name.indexOf('/')))
    if (name.startsWith('=')) {
      if (start === path) return name
    } else if (path.startsWith(start) && start.length > (best?.length ?? 0)) best = { name, length: start.length }
  }
  return best?.name ?? null
}

// Texts of bytes (latin1) are compared: what is not UTF-8 in one place of a path must not keep the rest from being decoded.

function encoded(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

// node gives a request's bytes as latin1 already; no byte of it is beyond that.
function bytesOf(requestUri: string): string {
  const sent = requestUri.split(/[?#]/)[0] ?? ''
  return sent.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

// Without `//`, `.` and `..`, so that a location cannot be walked around by writing its path otherwise.
function cleanPath(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/').filter((part) => part !== '' && part !== '.'))
    if (part === '..') parts.pop()
    else parts.push(part)
  const folder = /\/(?:\.{0,2})$/.test(path) && parts.length > 0
  return `/${parts.join('/')}${folder ? '/' : ''}`
}

function parse(directive: string): { status: number; value: string } | null {
  const match = /^(\d{3})(?:\s+(.+))?$/.exec(directive.trim())
  if (match?.[1]) return { status: Number(match[1]), value: unquoted(match[2] ?? '') }
  const value = unquoted(directive.trim())
  return IS_URL.test(value) ? { status: 302, value } : null
}

function unquoted(text: string): string {
  return (
    /^"([^"]*)"$|^'([^']*)'$/
      .exec(text)
      ?.slice(1)
      .find((part) => part !== undefined) ?? text
  )
}
