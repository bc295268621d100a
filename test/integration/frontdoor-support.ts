// A front door over environments that are plain HTTP servers on sockets, and a client that can say anything.
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { type Agent, createServer, type IncomingMessage, type RequestListener, request, type Server } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultLimits } from '../../src/config/limits.ts'
import { createFrontDoor, type FrontDoorLimits } from '../../src/frontdoor/front-door.ts'
import type { HostRules } from '../../src/frontdoor/virtual-host.ts'
import { type Ticket, type WaitingLimits, WaitingRoom } from '../../src/frontdoor/waiting-room.ts'
import { until } from '../helpers/agree.ts'

/** A waiting room that says how many wait in it. */
class CountingRoom extends WaitingRoom {
  waiting = 0

  override enter(userName: string): Ticket | null {
    const ticket = super.enter(userName)
    if (ticket === null) return null
    this.waiting++
    let here = true
    const leave = () => {
      if (here) this.waiting--
      here = false
      ticket.leave()
    }
    return { wait: () => ticket.wait(), leave }
  }
}

export type Warning = { fields: { err?: Error }; message: string }

export async function frontDoor(limits: Partial<FrontDoorLimits> = {}, waiting: Partial<WaitingLimits> = {}) {
  const runtimeDir = mkdtempSync(join(tmpdir(), 'hostenv-door-'))
  const uid = process.getuid?.() ?? 0
  const owners = new Map<string, number>()
  const hosts = new Map<string, HostRules>()
  const room = new CountingRoom(() => ({ ...defaultLimits, ...waiting }))
  const warnings: Warning[] = []
  const servers: Server[] = []
  const upstreamDir = (name: string) => join(runtimeDir, 'upstream', name)
  const door = createFrontDoor({
    ...{ runtimeDir, room },
    limits: () => ({ ...defaultLimits.frontDoor, closeTimeout: 200, ...limits }),
    log: { warn: (fields, message) => warnings.push({ fields, message }) },
    route: (hostname) => {
      const name = hostname.split('.')[0] ?? ''
      const owner = owners.get(name)
      const host = hosts.get(hostname)
      if (owner === undefined) return null
      return { userName: name, upstreamDir: upstreamDir(name), uid: owner, ...(host === undefined ? {} : { host }) }
    },
  })
  const { port } = await door.listen('127.0.0.1', 0)
  return {
    door,
    port,
    uid,
    warnings,
    room,
    hosts,
    runtimeDir,
    upstreamDir,
    /** Resolves once so many requests wait for environments that switch. */
    wait: (count: number) => until(`${count} requests wait`, () => room.waiting === count),
    /** Makes an environment known; its directory is empty. */
    declare(name: string, owner = uid): string {
      mkdirSync(upstreamDir(name), { recursive: true })
      owners.set(name, owner)
      return join(upstreamDir(name), 'in.sock')
    },
    /** Makes it unknown again. */
    forget(name: string): void {
      owners.delete(name)
    },
    /** Makes an environment that answers. */
    async serve(name: string, handler: RequestListener): Promise<Server> {
      return this.listen(this.declare(name), createServer(handler))
    },
    async listen(path: string, server: Server): Promise<Server> {
      servers.push(server)
      server.listen(path)
      await once(server, 'listening')
      return server
    },
    async end(): Promise<void> {
      await door.close()
      for (const server of servers) {
        server.closeAllConnections()
        server.close()
      }
      rmSync(runtimeDir, { recursive: true, force: true })
    },
  }
}

export interface Got {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** One request with node's client. */
export async function get(
  port: number,
  host: string,
  more: { method?: string; path?: string; headers?: Record<string, string>; body?: string; agent?: Agent } = {},
): Promise<Got> {
  const { method = 'GET', path = '/', headers = {}, body, agent } = more
  const sent = request({
    port,
    host: '127.0.0.1',
    method,
    path,
    headers: { Host: host, ...headers },
    agent: agent ?? false,
  })
  sent.end(body)
  const [message] = (await once(sent, 'response')) as [IncomingMessage]
  return {
    status: message.statusCode ?? 0,
    headers: message.headers,
    body: Buffer.concat(await message.toArray()).toString(),
  }
}

/** Sends bytes as they are and reads until the other side closes, or `ms` have passed. */
export async function raw(port: number, bytes: string, ms = 30_000): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  socket.write(bytes, 'latin1')
  await Promise.race([once(socket, 'close'), new Promise((resolve) => setTimeout(resolve, ms).unref())])
  socket.destroy()
  return text
}
