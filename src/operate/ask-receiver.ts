// The other end of RUNTIME/admin.sock: what a command asks the receiver that runs beside it.
import { type IncomingMessage, request } from 'node:http'
import { ConfigError } from '../config/config.ts'
import { adminSocketPath } from './admin-socket.ts'

/** GETs a path as JSON; null when nobody answers within five seconds. */
export async function askReceiver(runtimeDir: string, path: string): Promise<unknown> {
  const response = await send(runtimeDir, 'GET', path, AbortSignal.timeout(5000)).catch(() => null)
  if (response === null) return null
  try {
    return JSON.parse(await body(response)) as unknown
  } catch {
    return null
  }
}

export interface Pause extends Disposable {
  /** Aborts when the receiver ends it, which it does only when it stops. */
  readonly lost: AbortSignal
}

/** Lets no deploy of the running receiver go on until the answer is disposed. Throws ConfigError when that cannot be had within `wait` seconds. */
export async function pauseReceiver(runtimeDir: string, why: string, wait: number): Promise<Pause> {
  const lost = new AbortController()
  const ours = new AbortController()
  const response = await send(runtimeDir, 'POST', `/pause?wait=${wait}&why=${why}`, ours.signal).catch(() => {
    throw new ConfigError(
      `A receiver, or another hostenv command, uses this state directory, and nobody answers on ${adminSocketPath(runtimeDir)}: name the runtime directory of the receiver with --runtime DIR.`,
    )
  })
  if (response.statusCode !== 200) {
    const said = (await body(response)).trim()
    throw new ConfigError(
      `Deploys did not come to rest within ${wait} s (${said}): try again, or wait longer with --wait SECONDS.`,
    )
  }
  const end = () => {
    if (!ours.signal.aborted) lost.abort(new ConfigError('The receiver stopped meanwhile: run this command again.'))
  }
  response.on('error', end).on('close', end).resume()
  return { lost: lost.signal, [Symbol.dispose]: () => ours.abort() }
}

function send(runtimeDir: string, method: string, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const socketPath = adminSocketPath(runtimeDir)
    const sent = request({ socketPath, path, method, signal, agent: false }, resolve)
    sent.on('error', reject)
    sent.end()
  })
}

async function body(response: IncomingMessage): Promise<string> {
  let all = ''
  for await (const chunk of response.setEncoding('utf8')) all += chunk
  return all
}
