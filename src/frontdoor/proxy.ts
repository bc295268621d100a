// Carries one request to an environment and its answer back, both as streams. Framing is node:http's on both sides: nothing
// of the client's own framing is passed on, so the two ends cannot disagree on where a message stops.
import { type ClientRequest, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import { answer } from './answer.ts'
import { endToEnd, requestHeaders, valuesOf } from './headers.ts'
import type { Door, PrivateLinks, Route } from './private-links.ts'
import type { RequestTarget } from './request-host.ts'

export interface ProxyOptions {
  readonly links: PrivateLinks
  /** Milliseconds without a byte until the environment begins to answer. */
  readonly answerTimeout: number
  /** Called once for each request that no environment answered. */
  readonly failed: (route: Route, error: unknown) => void
}

const SAFE_TO_REPEAT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

/** Answers `response` in any case; never rejects. */
export async function proxy(
  request: IncomingMessage,
  response: ServerResponse,
  target: RequestTarget,
  route: Route,
  options: ProxyOptions,
): Promise<void> {
  try {
    // A second try for a socket that was replaced after it was looked at, or a kept connection that its other end has closed.
    for (const last of [false, true]) {
      const door = await options.links.door(route)
      if (response.destroyed) return
      if ((await attempt(request, response, target, door, options, last)) === 'done') return
      await options.links.forget(route, door)
    }
  } catch (error) {
    if (response.destroyed) return
    options.failed(route, error)
    answer(response, error instanceof AnswerTimeout ? 504 : 502)
  }
}

class AnswerTimeout extends Error {}

function attempt(
  request: IncomingMessage,
  response: ServerResponse,
  target: RequestTarget,
  door: Door,
  { answerTimeout }: ProxyOptions,
  last: boolean,
): Promise<'done' | 'again'> {
  const { promise, resolve, reject } = Promise.withResolvers<'done' | 'again'>()
  const upstream = httpRequest({
    socketPath: door.path,
    agent: door.agent,
    method: request.method ?? 'GET',
    path: target.path,
    headers: upstreamHeaders(request, target),
    setDefaultHeaders: false,
  })
  let sending = false
  let message: IncomingMessage | undefined
  upstream.setTimeout(answerTimeout, () => upstream.destroy(new AnswerTimeout('no answer in time')))
  const left = (): void => {
    if (!response.writableFinished) upstream.destroy()
    resolve('done')
  }
  response.once('close', left)
  upstream.on('continue', () => response.writeContinue())
  upstream.on('response', (received) => {
    message = received
    upstream.setTimeout(0)
    sendResponse(received, response)
  })
  upstream.on('error', (error) => {
    request.unpipe(upstream)
    // Once an answer has begun, it decides how this ends: a half one is cut off, so that nobody takes it for whole.
    if (response.headersSent) {
      if (message?.complete !== true) response.destroy()
      request.resume()
      resolve('done')
      return
    }
    response.off('close', left)
    if (!last && isRepeatable(error, request, upstream, sending)) resolve('again')
    else reject(error)
  })
  // The body is touched only once there is a connection: until then another one can take it.
  whenConnected(upstream, () => {
    sending = true
    upstream.flushHeaders()
    if (hasBody(request)) request.pipe(upstream)
    else upstream.end()
  })
  return promise
}

function whenConnected(upstream: ClientRequest, then: () => void): void {
  upstream.once('socket', (socket) => {
    if (socket.connecting) socket.once('connect', then)
    else then()
  })
}

function isRepeatable(error: Error, request: IncomingMessage, upstream: ClientRequest, sending: boolean): boolean {
  const code = 'code' in error ? error.code : undefined
  if (!sending) return code === 'ECONNREFUSED' || code === 'ENOENT'
  const closed = code === 'ECONNRESET' || code === 'EPIPE'
  return closed && upstream.reusedSocket && !hasBody(request) && SAFE_TO_REPEAT.has(request.method ?? '')
}

/** True when the request says that it has a body; node:http has refused it where it says so in two ways. */
export function hasBody(request: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  return encoding !== undefined || (length !== undefined && Number(length) > 0)
}

function upstreamHeaders(request: IncomingMessage, target: RequestTarget): string[] {
  const client = { address: request.socket.remoteAddress ?? 'unknown', host: target.host }
  const framing = valuesOf(request.rawHeaders, 'transfer-encoding').length > 0 ? ['Transfer-Encoding', 'chunked'] : []
  return [...requestHeaders(request.rawHeaders, client), ...framing]
}

/** Sends an environment's answer on, as it comes. One that HTTP does not allow becomes a 502. */
export function sendResponse(message: IncomingMessage, response: ServerResponse): void {
  const { statusCode = 502, statusMessage = '' } = message
  try {
    response.writeHead(statusCode, statusMessage, endToEnd(message.rawHeaders))
  } catch {
    message.destroy()
    answer(response, 502)
    return
  }
  // The head goes out before the first part of a body that may be long in coming (server-sent events).
  response.flushHeaders()
  pipeline(message, response, () => {})
}
