// Which header fields pass the front door. Lists are flat name, value, name, value…, as node:http has them raw: order, case and repeats stay.

export type RawHeaders = readonly string[]

/** Fields that belong to one connection only (RFC 9110 §7.6.1), and what belongs to a proxy. */
const HOP_BY_HOP = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['proxy-authenticate', 'proxy-authorization', 'proxy-authentication-info', 'http2-settings'],
])
/** Only the front door says these. A backend that reads fields as CGI variables takes `_` for `-`. */
const FORWARDED =
  /^(?:forwarded|x-forwarded(?:-.*)?|x-real-ip|x-client-ip|true-client-ip|x-original-(?:url|host)|x-rewrite-url)$/
/** What `Connection` may not take away: the framing and the host of the message. */
const FRAMING = new Set(['content-length', 'host'])

/** The fields of a message that are meant for its other end. */
export function endToEnd(raw: RawHeaders): string[] {
  return keep(raw, namedByConnection(raw), false)
}

export interface Client {
  readonly address: string
  readonly host: string
}

/** What the environment gets of a request: its end-to-end fields, and who asked, as only we know it (RFC 7239). */
export function requestHeaders(raw: RawHeaders, client: Client): string[] {
  const kept = keep(raw, namedByConnection(raw), true)
  const node = client.address.includes(':') ? `"[${client.address}]"` : client.address
  return [
    ...kept,
    ...['X-Forwarded-For', client.address],
    ...['X-Forwarded-Host', client.host],
    ...['X-Forwarded-Proto', 'http'],
    ...['Forwarded', `for=${node};host="${client.host}";proto=http`],
  ]
}

/** All values of one field, in order. `name` in lower case. */
export function valuesOf(raw: RawHeaders, name: string): string[] {
  const values: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) if (isNamed(raw[i] as string, name)) values.push(raw[i + 1] as string)
  return values
}

/** Whether there is such a field. `name` in lower case. */
export function hasField(raw: RawHeaders, name: string): boolean {
  for (let i = 0; i < raw.length; i += 2) if (isNamed(raw[i] as string, name)) return true
  return false
}

// The fields that the sender of a message wants to end here, or null (RFC 9110 §7.6.1).
function namedByConnection(raw: RawHeaders): Set<string> | null {
  const options = valuesOf(raw, 'connection')
  if (options.length === 0) return null
  return new Set(options.flatMap((value) => value.split(',').map((name) => name.trim().toLowerCase())))
}

// Once for each message and each answer: a plain loop over the list.
function keep(raw: RawHeaders, named: ReadonlySet<string> | null, withoutForwarded: boolean): string[] {
  const kept: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string
    const lower = name.toLowerCase()
    if (HOP_BY_HOP.has(lower) || (named?.has(lower) && !FRAMING.has(lower))) continue
    if (withoutForwarded && FORWARDED.test(lower.replaceAll('_', '-'))) continue
    kept.push(name, raw[i + 1] as string)
  }
  return kept
}

// Most names have another length: no copy in lower case is made of them.
function isNamed(name: string, lower: string): boolean {
  return name.length === lower.length && name.toLowerCase() === lower
}
