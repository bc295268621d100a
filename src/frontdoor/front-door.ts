// The HTTP entrance: one listener, which hands each request to the environment that its Host names.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Limits } from '../config/limits.ts'
import { answer, type SENTENCES } from './answer.ts'
import { valuesOf } from './headers.ts'
import { pausedPage } from './paused-page.ts'
import { PrivateLinks, type Route } from './private-links.ts'
import { hasBody, proxy } from './proxy.ts'
import { type RequestTarget, requestTarget } from './request-host.ts'
import { isWebSocket, proxyUpgrade, responseOn } from './upgrade.ts'
import { addedHeaders, type Reply, replyOf } from './virtual-host.ts'
import type { WaitingRoom } from './waiting-room.ts'

export type FrontDoorLimits = Limits['frontDoor']

export interface FrontDoorOptions {
  /** Looks up a host name (lower case, no port, no trailing dot). */
  readonly route: (hostname: string) => Route | null
  /** Our own links go to `runtimeDir/door`. */
  readonly runtimeDir: string
  /** Asked for whenever they are needed: they may change. */
  readonly limits: () => FrontDoorLimits
  /** Hears which environments switch; their requests wait in it. */
  readonly room: WaitingRoom
  readonly log: { warn(fields: object, message: string): void }
  /** One number, the open connections of clients: shared with a thread that wants to know it. */
  readonly open?: Int32Array
}

export interface FrontDoor {
  /** Port 0 picks a free one. */
  listen(host: string, port: number): Promise<{ host: string; port: number }>
  /** Open connections of clients. */
  connections(): number
  /** To be called when `limits` answer other values than before. */
  limitsChanged(): void
  /** Lets requests on their way end, in bounded time. */
  close(): Promise<void>
}

const SWEEP = 60_000
/** Connections beyond the most that are answered, each once. */
const TOLD = 100

interface Admitted {
  readonly target: RequestTarget
  readonly route: Route
}

/** Makes a front door that does not listen yet. Throws when the runtime directory is too long for a socket's path. */
export function createFrontDoor(options: FrontDoorOptions): FrontDoor {
  const links = new PrivateLinks(join(options.runtimeDir, 'door'))
  const upgraded = new Set<Duplex>()
  const busy = new Map<string, number>()
  const proxyOptions = {
    ...{ links, room: options.room },
    get answerTimeout() {
      return options.limits().answerTimeout
    },
    routed: (hostname: string) => {
      const route = options.route(hostname)
      return route !== null && route.paused === undefined
    },
    gone: (request: IncomingMessage, response: ServerResponse, { hostname }: RequestTarget) => {
      const paused = options.route(hostname)?.paused
      if (paused === undefined || response.headersSent) answer(response, 404)
      else send(pausedPage(paused, request.headers.accept ?? ''), request, response)
    },
    failed: warner(options.log),
    reading: (request: IncomingMessage, response: ServerResponse) =>
      watchBody(request, response, options.limits().bodyTimeout),
  }
  let sweeper: NodeJS.Timeout | undefined

  // Some more than may be are let in to be told so; beyond these the kernel's answer has to do.
  const surplus = new WeakSet<Duplex>()
  const open = options.open ?? new Int32Array(1)
  // Answers that each connection waits for.
  const answering = new WeakMap<Duplex, number>()

  const enter = (route: Route): boolean => {
    const now = busy.get(route.upstreamDir) ?? 0
    const free = now < options.limits().maxRequests
    if (free) busy.set(route.upstreamDir, now + 1)
    return free
  }
  const leave = ({ upstreamDir }: Route): void => {
    const now = (busy.get(upstreamDir) ?? 1) - 1
    if (now === 0) busy.delete(upstreamDir)
    else busy.set(upstreamDir, now)
  }

  const admit = (request: IncomingMessage): Admitted | keyof typeof SENTENCES => {
    if (surplus.has(request.socket)) return 503
    const target = requestTarget(request)
    if (target === null) return 400
    if (!isPlainlyFramed(request)) return 501
    const route = options.route(target.hostname)
    if (route === null) return 404
    return enter(route) ? { target, route } : 503
  }

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request
    answering.set(socket, (answering.get(socket) ?? 0) + 1)
    response.once('close', () => answering.set(socket, (answering.get(socket) ?? 1) - 1))
    const admitted = admit(request)
    if (typeof admitted === 'number') {
      if (surplus.has(request.socket)) response.shouldKeepAlive = false
      answer(response, admitted)
      return
    }
    const { target, route } = admitted
    // node:stream's pipeline alone adds seven listeners for the end of an answer.
    response.setMaxListeners(16)
    response.once('close', () => leave(route))
    const reply = ownReply(target, route, request)
    if (reply !== null) send(reply, request, response)
    else void proxy(request, response, target, route, proxyOptions)
  }

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy())
    // Sent before the answer to what came first: that answer still has the socket, and a pipe would begin in the middle of it.
    if ((answering.get(socket) ?? 0) > 0) return void socket.destroy()
    const admitted = admit(request)
    if (typeof admitted === 'number') {
      answer(responseOn(request, socket), admitted)
      return
    }
    const { target, route } = admitted
    upgraded.add(socket)
    socket.once('close', () => {
      upgraded.delete(socket)
      leave(route)
    })
    const reply = ownReply(target, route, request)
    if (reply !== null) send(reply, request, responseOn(request, socket))
    else void proxyUpgrade({ request, socket, head }, target, route, proxyOptions)
  }

  const server = createServer({
    // A long upload is no fault; one that stops is (bodyTimeout).
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(options.limits().headTimeout, 5000),
    // A missing or repeated Host is answered by us.
    requireHostHeader: false,
    insecureHTTPParser: false,
    shouldUpgradeCallback: isWebSocket,
  })
  const limitsChanged = () => {
    server.maxConnections = options.limits().maxConnections + TOLD
    server.headersTimeout = options.limits().headTimeout
  }
  limitsChanged()
  server.on('connection', (socket) => {
    // The first value is that from before.
    if (Atomics.add(open, 0, 1) >= options.limits().maxConnections) surplus.add(socket)
    socket.once('close', () => Atomics.sub(open, 0, 1))
  })
  server.on('request', handle)
  // `Expect: 100-continue` is the environment's to answer.
  server.on('checkContinue', handle)
  server.on('upgrade', upgrade)

  return {
    async listen(host, port) {
      await links.open()
      sweeper = setInterval(() => void links.sweep(), SWEEP).unref()
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      server.once('error', reject)
      server.listen(port, host, resolve)
      await promise
      const bound = server.address() as AddressInfo
      return { host: bound.address, port: bound.port }
    },
    connections: () => Atomics.load(open, 0),
    limitsChanged,
    async close() {
      clearInterval(sweeper)
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      for (const socket of upgraded) socket.destroy()
      const timer = setTimeout(() => server.closeAllConnections(), options.limits().closeTimeout)
      await promise
      clearTimeout(timer)
      await links.close()
    },
  }
}

// A paused environment's page, redirects, and what else a host name's settings answer without the environment.
function ownReply(target: RequestTarget, { host, paused }: Route, request: IncomingMessage): Reply | null {
  if (paused !== undefined) return pausedPage(paused, request.headers.accept ?? '')
  if (host === undefined) return null
  const facts = { scheme: 'http', host: target.hostname, hostField: target.host, requestUri: target.path } as const
  const reply = replyOf(host, facts)
  return reply && { ...reply, headers: [...reply.headers, ...addedHeaders(host, reply.headers, false)] }
}

function send({ status, headers, body }: Reply, request: IncomingMessage, response: ServerResponse): void {
  // A body that nobody reads must not be taken for the next request.
  response.writeHead(status, [...headers, ...(hasBody(request) ? ['Connection', 'close'] : [])])
  response.end(request.method === 'HEAD' ? undefined : body)
}

// Other codings than chunked would be taken off by nobody on the way to the environment.
function isPlainlyFramed(request: IncomingMessage): boolean {
  const codings = valuesOf(request.rawHeaders, 'transfer-encoding')
  return codings.every((coding) => coding.trim().toLowerCase() === 'chunked') && codings.length <= 1
}

function watchBody(request: IncomingMessage, response: ServerResponse, timeout: number): void {
  const timer = setTimeout(() => answer(response, 408), timeout)
  const stop = (): void => clearTimeout(timer)
  request.on('data', () => timer.refresh())
  request.pause()
  request.once('end', stop)
  response.once('close', stop)
}

// A hostile or broken environment must not fill the log: one line a minute each.
function warner(log: FrontDoorOptions['log']): (route: Route, error: unknown) => void {
  const told = new Map<string, number>()
  return ({ upstreamDir }, error) => {
    if (Date.now() - (told.get(upstreamDir) ?? Number.NEGATIVE_INFINITY) < SWEEP) return
    if (told.size > 10_000) told.clear()
    told.set(upstreamDir, Date.now())
    log.warn({ upstream: upstreamDir, err: error }, 'an environment did not answer')
  }
}
