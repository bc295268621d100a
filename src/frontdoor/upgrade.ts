// WebSockets (RFC 6455): after the environment has agreed, both connections become one pipe.
import { type ClientRequest, request as httpRequest, type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { answer } from './answer.ts'
import { endToEnd, requestHeaders } from './headers.ts'
import type { Route } from './private-links.ts'
import { hasBody, type ProxyOptions, sendResponse } from './proxy.ts'
import type { RequestTarget } from './request-host.ts'

/** True for what is passed on as an upgrade; other upgrades (h2c) are ignored, as RFC 9110 §7.8 allows. */
export function isWebSocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket' && request.method === 'GET' && !hasBody(request)
}

/** A response on the bare socket of an upgrade request, to refuse it or to pass on an answer that is no upgrade. */
export function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Socket)
  response.once('finish', () => socket.end())
  return response
}

/** Never rejects; by its end the socket is on its way to an answer or a pipe, or is gone. */
export async function proxyUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  target: RequestTarget,
  route: Route,
  { links, answerTimeout, failed }: ProxyOptions,
): Promise<void> {
  const refuse = (error: unknown): void => {
    failed(route, error)
    if (!socket.destroyed) answer(responseOn(request, socket), 502)
  }
  try {
    const door = await links.door(route)
    if (socket.destroyed) return
    const client = { address: request.socket.remoteAddress ?? 'unknown', host: target.host }
    const upstream = httpRequest({
      socketPath: door.path,
      method: 'GET',
      path: target.path,
      headers: [...requestHeaders(request.rawHeaders, client), 'Connection', 'Upgrade', 'Upgrade', 'websocket'],
      setDefaultHeaders: false,
    })
    const answered = join(upstream, socket, head, (message) => sendResponse(message, responseOn(request, socket)))
    upstream.setTimeout(answerTimeout, () => upstream.destroy(new Error('no answer in time')))
    socket.once('close', () => upstream.destroy())
    upstream.on('error', (error) => {
      if (answered.yet) return
      void links.forget(route, door)
      refuse(error)
    })
    upstream.end()
  } catch (error) {
    refuse(error)
  }
}

// Makes one pipe of both connections when the environment agrees; `refused` gets an answer that is no upgrade.
function join(upstream: ClientRequest, socket: Duplex, head: Buffer, refused: (message: IncomingMessage) => void) {
  const answered = { yet: false }
  upstream.on('response', (message) => {
    answered.yet = true
    upstream.setTimeout(0)
    refused(message)
  })
  upstream.on('upgrade', (message, other, rest) => {
    answered.yet = true
    upstream.setTimeout(0)
    other.setTimeout(0)
    socket.write(switching(message))
    socket.write(rest)
    other.write(head)
    other.on('error', () => socket.destroy())
    other.once('close', () => socket.destroy())
    socket.once('close', () => other.destroy())
    socket.pipe(other).pipe(socket)
  })
  return answered
}

function switching(message: IncomingMessage): string {
  const fields = [...endToEnd(message.rawHeaders), 'Connection', 'Upgrade', 'Upgrade', 'websocket']
  let text = 'HTTP/1.1 101 Switching Protocols\r\n'
  for (let i = 0; i + 1 < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
  return `${text}\r\n`
}
