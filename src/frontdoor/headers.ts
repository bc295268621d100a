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
  const named = new Set(
    valuesOf(raw, 'connection').flatMap((value) => value.split(',').map((name) => name.trim().toLowerCase())),
  )
  return keep(raw, (name) => !HOP_BY_HOP.has(name) && (FRAMING.has(name) || !named.has(name)))
}

export interface Client {
  readonly address: string
  readonly host: string
}

/** What the environment gets of a request: its end-to-end fields, and who asked, as only we know it (RFC 7239). */
export function requestHeaders(raw: RawHeaders, client: Client): string[] {
  const kept = keep(endToEnd(raw), (name) => !FORWARDED.test(name.replaceAll('_', '-')))
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
  return raw.filter((_, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase() === name)
}

function keep(raw: RawHeaders, wanted: (name: string) => boolean): string[] {
  const kept: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name = '', value = ''] = raw.slice(i, i + 2)
    if (wanted(name.toLowerCase())) kept.push(name, value)
  }
  return kept
}
