// WebSockets (RFC 6455): after the environment has agreed, both connections become one pipe.
import { request as httpRequest, type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { answer } from './answer.ts'
import { endToEnd, requestHeaders } from './headers.ts'
import { failureKind, Gone, persist, Repeatable, type Try } from './persist.ts'
import type { Route } from './private-links.ts'
import { AnswerTimeout, hasBody, type ProxyOptions, sendResponse, statusOf } from './proxy.ts'
import type { RequestTarget } from './request-host.ts'
import { addedHeaders } from './virtual-host.ts'

/** True for what is passed on as an upgrade; other upgrades (h2c) are ignored, as RFC 9110 §7.8 allows. */
export function isWebSocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket' && request.method === 'GET' && !hasBody(request)
}

/** A response on the bare socket of an upgrade request, to refuse it or to pass on an answer that is no upgrade. */
export function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Socket)
  // Not only its half: nobody waits for the client's end of a socket that node:http has given away.
  response.once('finish', () => (socket as Socket).destroySoon())
  return response
}

/** A client that asks for a WebSocket: `head` is what it sent after its request. */
export interface Upgrading {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

/** Never rejects; by its end the socket is on its way to an answer or a pipe, or is gone. */
export async function proxyUpgrade(
  client: Upgrading,
  target: RequestTarget,
  route: Route,
  options: ProxyOptions,
): Promise<void> {
  const { request, socket } = client
  const asker = {
    left: () => socket.destroyed,
    onLeave: (listener: () => void) => void socket.once('close', listener),
    routed: () => options.routed(target.hostname),
  }
  try {
    await persist(route, options, asker, (now) => attempt(client, target, route, options.answerTimeout, now))
  } catch (error) {
    if (!(error instanceof Gone)) options.failed(route, error)
    if (!socket.destroyed) answer(responseOn(request, socket), statusOf(error))
  }
}

function attempt(
  client: Upgrading,
  target: RequestTarget,
  route: Route,
  answerTimeout: number,
  { door, switches, connected }: Try,
): Promise<void> {
  const { request, socket } = client
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const asking = { address: request.socket.remoteAddress ?? 'unknown', host: target.host }
  const upstream = httpRequest({
    socketPath: door.path,
    agent: false,
    method: 'GET',
    path: target.path,
    headers: [...requestHeaders(request.rawHeaders, asking), 'Connection', 'Upgrade', 'Upgrade', 'websocket'],
    setDefaultHeaders: false,
  })
  upstream.setTimeout(answerTimeout, () => upstream.destroy(new AnswerTimeout('no answer in time')))
  const left = (): void => {
    upstream.destroy()
    resolve()
  }
  socket.once('close', left)
  upstream.once('socket', (connection) => connection.once('connect', connected))
  upstream.on('response', (message) => {
    upstream.setTimeout(0)
    sendResponse(message, responseOn(request, socket), addedHeaders(route.host, message.rawHeaders, false))
    resolve()
  })
  upstream.on('upgrade', (message, other, rest) => {
    upstream.setTimeout(0)
    join(client, message, other, rest)
    resolve()
  })
  upstream.on('error', (error) => {
    socket.off('close', left)
    const kind = failureKind(error)
    reject(kind === 'unreachable' || (kind === 'closed' && switches()) ? new Repeatable(kind, error) : error)
  })
  upstream.end()
  return promise
}

// Makes one pipe of both connections.
function join({ socket, head }: Upgrading, message: IncomingMessage, other: Duplex, rest: Buffer): void {
  if ('setTimeout' in other) (other as Socket).setTimeout(0)
  socket.write(switching(message))
  socket.write(rest)
  other.write(head)
  other.on('error', () => socket.destroy())
  other.once('close', () => socket.destroy())
  socket.once('close', () => other.destroy())
  socket.pipe(other).pipe(socket)
}

function switching(message: IncomingMessage): string {
  const fields = [...endToEnd(message.rawHeaders), 'Connection', 'Upgrade', 'Upgrade', 'websocket']
  let text = 'HTTP/1.1 101 Switching Protocols\r\n'
  for (let i = 0; i + 1 < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
  return `${text}\r\n`
}
