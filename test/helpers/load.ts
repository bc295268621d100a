// A load generator: so many requests a second, at their own times whether or not earlier ones were answered (an open loop), so
// that a stall shows as requests that wait and not as fewer requests.
import { Agent, request } from 'node:http'

export interface LoadOptions {
  readonly port: number
  readonly hostname: string
  /** Requests a second. */
  readonly rate: number
  readonly path?: string
  /** Milliseconds after which a request that has no answer counts as failed. */
  readonly timeout?: number
}

export interface LoadResult {
  readonly sent: number
  /** Answers with a status of 200 to 299. */
  readonly ok: number
  /** What else came of requests, and how often: `503`, `ECONNRESET`, `timeout`. */
  readonly failures: ReadonlyMap<string, number>
  /** How often each body came. */
  readonly bodies: ReadonlyMap<string, number>
  /** Milliseconds from when a request was due to the end of its answer: median, 99 of 100, the longest. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Milliseconds that the generator itself was late at most. */
  readonly late: number
}

/** Begins at once; `stop` ends it, waits for what is under way, and answers what happened. */
export function startLoad(options: LoadOptions): { stop(): Promise<LoadResult>; readonly sent: number } {
  const { port, hostname, rate, path = '/', timeout = 30_000 } = options
  // Every other request takes a kept connection: both kinds meet a switch.
  // Without a time of its own Node's agent does not heed `Keep-Alive: timeout=5`, and sends on connections that are being closed. With
  // the requests' own it leaves a connection that it takes again the five seconds (_http_agent.js, setRequestSocket). In turn: none of
  // them is idle for so long that it is about to be closed.
  const kept = new Agent({ keepAlive: true, maxFreeSockets: 8, scheduling: 'fifo', timeout: timeout + 1 })
  const failures = new Map<string, number>()
  const bodies = new Map<string, number>()
  const times: number[] = []
  const pending = new Set<Promise<void>>()
  const begun = performance.now()
  const counts = { sent: 0, ok: 0 }
  let late = 0

  const one = (due: number): Promise<void> =>
    new Promise((resolve) => {
      const fail = (why: string) => {
        failures.set(why, (failures.get(why) ?? 0) + 1)
        resolve()
      }
      const agent = counts.sent % 2 === 0 ? kept : false
      const asked = request(
        { host: '127.0.0.1', port, path, agent, timeout, headers: { host: hostname } },
        (response) => {
          let body = ''
          response.setEncoding('utf8').on('data', (chunk: string) => {
            body += chunk
          })
          response.on('error', (error) => fail((error as NodeJS.ErrnoException).code ?? error.message))
          response.on('end', () => {
            const { statusCode = 0 } = response
            if (statusCode < 200 || statusCode > 299) return fail(String(statusCode))
            counts.ok++
            times.push(performance.now() - due)
            bodies.set(body, (bodies.get(body) ?? 0) + 1)
            resolve()
          })
        },
      )
      asked.on('timeout', () => asked.destroy(new Error('timeout')))
      asked.on('error', (error) => fail((error as NodeJS.ErrnoException).code ?? error.message))
      asked.end()
    })

  const timer = setInterval(() => {
    for (let due = begun + (counts.sent * 1000) / rate; due <= performance.now(); due += 1000 / rate) {
      late = Math.max(late, performance.now() - due)
      const asked = one(due)
      counts.sent++
      pending.add(asked)
      void asked.then(() => pending.delete(asked))
    }
  }, 2)

  return {
    get sent() {
      return counts.sent
    },
    async stop() {
      clearInterval(timer)
      await Promise.all(pending)
      kept.destroy()
      const sorted = times.toSorted((a, b) => a - b)
      const at = (share: number) =>
        Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
      const latency = { p50: at(0.5), p99: at(0.99), max: at(1) }
      return { ...counts, failures, bodies, latency, late: Math.round(late) }
    },
  }
}
