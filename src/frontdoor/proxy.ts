// Carries one request to an environment and its answer back, both as streams. Framing is node:http's on both sides: nothing
// of the client's own framing is passed on, so the two ends cannot disagree on where a message stops.
import { type ClientRequest, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { answer } from './answer.ts'
import { endToEnd, hasField, type RawHeaders, requestHeaders } from './headers.ts'
import { failureKind, Gone, NotYet, persist, Repeatable, type Try } from './persist.ts'
import type { PrivateLinks, Route } from './private-links.ts'
import type { RequestTarget } from './request-host.ts'
import { addedHeaders } from './virtual-host.ts'
import type { WaitingRoom } from './waiting-room.ts'

export interface ProxyOptions {
  readonly links: PrivateLinks
  readonly room: WaitingRoom
  /** Milliseconds without a byte until the environment begins to answer. */
  readonly answerTimeout: number
  /** Whether the host name still leads to an environment. */
  readonly routed: (hostname: string) => boolean
  /** Answers a request whose environment stopped while it waited. */
  readonly gone: (request: IncomingMessage, response: ServerResponse, target: RequestTarget) => void
  /** Called once for each request that no environment answered. */
  readonly failed: (route: Route, error: unknown) => void
  /** Called before the body of a request is read. */
  readonly reading: (request: IncomingMessage, response: ServerResponse) => void
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

/** Answers `response` in any case; never rejects. */
export async function proxy(
  request: IncomingMessage,
  response: ServerResponse,
  target: RequestTarget,
  route: Route,
  options: ProxyOptions,
): Promise<void> {
  const asker = {
    left: () => response.destroyed,
    onLeave: (listener: () => void) => void response.once('close', listener),
    routed: () => options.routed(target.hostname),
  }
  try {
    await persist(route, options, asker, (now) => attempt(request, response, target, route, options, now))
  } catch (error) {
    if (response.destroyed) return
    if (error instanceof Gone) return options.gone(request, response, target)
    options.failed(route, error)
    answer(response, statusOf(error))
  }
}

/** What a request is answered that did not get through. */
export function statusOf(error: unknown): 404 | 502 | 503 | 504 {
  if (error instanceof Gone) return 404
  if (error instanceof NotYet) return 503
  return error instanceof AnswerTimeout ? 504 : 502
}

/** The environment took the request and said nothing. */
export class AnswerTimeout extends Error {}

function attempt(
  request: IncomingMessage,
  response: ServerResponse,
  target: RequestTarget,
  route: Route,
  { answerTimeout, reading }: ProxyOptions,
  { door, fresh, switches, connected }: Try,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const again = isSimple(request)
  const upstream = httpRequest({
    socketPath: door.path,
    // A kept connection may be closed by its other end at any moment: what cannot be sent twice gets one of its own.
    agent: again && !fresh ? door.agent : false,
    method: request.method ?? 'GET',
    path: target.path,
    headers: upstreamHeaders(request, target),
    setDefaultHeaders: false,
  })
  /** What the environment has of the request, and whether it has said anything. */
  const sent = { head: false, body: false, answered: false }
  let message: IncomingMessage | undefined
  upstream.setTimeout(answerTimeout, () => upstream.destroy(new AnswerTimeout('no answer in time')))
  const left = (): void => {
    if (!response.writableFinished) upstream.destroy()
    resolve()
  }
  response.once('close', left)
  upstream.on('continue', () => {
    sent.answered = true
    response.writeContinue()
  })
  upstream.on('response', (received) => {
    message = received
    upstream.setTimeout(0)
    sendResponse(received, response, addedHeaders(route.host, received.rawHeaders, false))
  })
  upstream.on('error', (error) => {
    request.unpipe(upstream)
    // Once an answer has begun, it decides how this ends: a half one is cut off, so that nobody takes it for whole.
    if (response.headersSent) {
      if (message?.complete !== true) response.destroy()
      request.resume()
      resolve()
      return
    }
    response.off('close', left)
    const kind = failureKind(error)
    const untouched = !sent.answered && (again || (hasBody(request) && !sent.body))
    if (kind === 'unreachable' && !sent.head) reject(new Repeatable(kind, error))
    else if (kind === 'closed' && untouched && (upstream.reusedSocket || switches()))
      reject(new Repeatable(kind, error))
    else reject(error)
  })
  // The body is touched only once there is a connection: until then another one can take it.
  whenConnected(upstream, () => {
    sent.head = true
    connected()
    if (!hasBody(request)) return void upstream.end()
    sendHead(upstream)
    reading(request, response)
    request.once('data', () => {
      sent.body = true
    })
    request.pipe(upstream)
  })
  return promise
}

function whenConnected(upstream: ClientRequest, then: () => void): void {
  upstream.once('socket', (socket) => {
    if (socket.connecting) socket.once('connect', then)
    else then()
  })
}

// As `flushHeaders`, which would take each byte of a field beyond ASCII for a character and write two (RFC 9110 §5.5).
function sendHead(message: ClientRequest | ServerResponse): void {
  message.write('', 'latin1')
}

// May be sent twice: it means the same then (RFC 9110 §9.2.2), and it is all there is.
function isSimple(request: IncomingMessage): boolean {
  return !hasBody(request) && IDEMPOTENT.has(request.method ?? '')
}

/** True when the request says that it has a body; node:http has refused it where it says so in two ways. */
export function hasBody(request: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  return encoding !== undefined || (length !== undefined && Number(length) > 0)
}

function upstreamHeaders(request: IncomingMessage, target: RequestTarget): string[] {
  const client = { address: request.socket.remoteAddress ?? 'unknown', host: target.host }
  const framing = hasField(request.rawHeaders, 'transfer-encoding') ? ['Transfer-Encoding', 'chunked'] : []
  return [...requestHeaders(request.rawHeaders, client), ...framing]
}

/** Sends an environment's answer on, as it comes, with `added` fields. One that HTTP does not allow becomes a 502. */
export function sendResponse(message: IncomingMessage, response: ServerResponse, added: RawHeaders): void {
  const { statusCode = 502, statusMessage = '' } = message
  try {
    response.writeHead(statusCode, statusMessage, [...endToEnd(message.rawHeaders), ...added])
  } catch {
    message.destroy()
    answer(response, 502)
    return
  }
  // The head goes out before the first part of a body that may be long in coming (server-sent events), and what came with it
  // goes out with it, in one write.
  const { socket } = response
  socket?.cork()
  sendHead(response)
  setImmediate(() => socket?.uncork())
  // Half an answer is cut off. That the client is gone, its own close tells.
  message.on('error', () => {})
  message.once('close', () => {
    if (!message.readableEnded) response.destroy()
  })
  response.on('error', () => {})
  message.pipe(response)
}
