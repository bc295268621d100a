// Requests to the front door of a test's receiver, with whatever Host header the test wants.
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** GETs `path` of `hostname` from the front door on 127.0.0.1:`port`. Throws when there is no answer within ten seconds. */
export function get(port: number, hostname: string, path = '/', headers: OutgoingHttpHeaders = {}): Promise<Answer> {
  return ask(port, hostname, path, { method: 'GET', headers })
}

/** POSTs `body` as `get` GETs. */
export function post(port: number, hostname: string, path: string, body: string): Promise<Answer> {
  return ask(port, hostname, path, { method: 'POST', headers: { 'content-length': Buffer.byteLength(body) } }, body)
}

function ask(
  port: number,
  hostname: string,
  path: string,
  { method, headers }: { method: string; headers: OutgoingHttpHeaders },
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method, agent: false, timeout: 10_000, headers: { host: hostname, ...headers } },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        )
      },
    )
    sent.on('timeout', () => sent.destroy(new Error(`no answer from ${hostname} within 10 s`)))
    sent.on('error', reject)
    sent.end(body)
  })
}
