// The embedded SSH server: admits connections, times logins, and hands each connection on.
import { createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from 'ssh2'
import type { Pusher } from '../../records.ts'
import { ssh2 } from '../ssh2.ts'
import { createAdmission } from './admission.ts'
import { algorithms } from './algorithms.ts'
import { type Retiring, serveConnection } from './connection.ts'
import { disconnect, socketOf } from './internals.ts'
import { boundGarbage } from './memory.ts'
import { disconnectReason, turnAway } from './turn-away.ts'
import { defaultSshLimits, type Log, type SshHandlers, type SshLimits } from './types.ts'

export interface SshServer {
  /** Port 0 picks a free one. Answers what it listens on; rejects with the system's error (EADDRINUSE, EACCES, …). */
  listen(host: string, port: number): Promise<{ host: string; port: number }>
  /** From now on a new session is told to come again, and exits 1. Those that run go on. */
  refuseNew(): void
  /** Open connections, logged in or not. */
  connections(): number
  /** Ends the connections of those who logged in and are not (any more) who they were then; answers how many. */
  endWhere(is: (pusher: Pusher) => boolean): number
  /** The same for who only lost what a project gave: what they began ends first, and nothing new begins. */
  retireWhere(is: (pusher: Pusher) => boolean): void
  /** Ends all connections and stops listening; resolves within two seconds. */
  close(): Promise<void>
}

/** Milliseconds that connections have to end when the server closes. */
const CLOSING = 1000
/** Milliseconds before that in which who logged in may leave. */
const LEAVING = 500
/** What this server calls itself in its version (RFC 4253, 4.2). */
const IDENT = 'hostenv'

/**
 * Makes a server that is not listening yet. `hostKey` is a private key in OpenSSH's format (ed25519 or RSA).
 * Throws an Error when it cannot be read.
 */
export function createSshServer(options: {
  readonly hostKey: string
  readonly limits?: SshLimits
  readonly log: Log
  readonly handlers: SshHandlers
}): SshServer {
  const { log, handlers } = options
  const limits = options.limits ?? defaultSshLimits
  const admit = createAdmission(limits)
  const sockets = new Set<Socket>()
  const clients = new Map<Socket, Connection>()
  const logins = new WeakMap<Socket, () => void>()
  const pushers = new Map<Socket, Pusher>()
  const retiring = new WeakMap<Socket, Retiring>()
  let refusing = false

  const ssh = new ssh2.Server({ hostKeys: [options.hostKey], algorithms, ident: IDENT }, (client) => {
    const socket = socketOf(client)
    clients.set(socket, client)
    const authenticated = (pusher: Pusher, connection: Retiring) => {
      pushers.set(socket, pusher)
      retiring.set(socket, connection)
      logins.get(socket)?.()
    }
    serveConnection(client, { handlers, limits, log, refusing: () => refusing, authenticated })
  })
  ssh.on('error', (error: Error) => log.warn({ err: error }, 'ssh'))

  // A flood must not fill the log: one line a minute, with how many there were.
  let refused = 0
  let told = Number.NEGATIVE_INFINITY
  const refusedOne = (peer: string | undefined, why: string) => {
    refused++
    if (performance.now() - told < 60_000) return
    log.warn({ peer, refused }, `connection refused: ${why}`)
    told = performance.now()
    refused = 0
  }

  // The end of a connection that has not logged in, with what its user reads of it.
  const part = (socket: Socket, reason: number, why: string) => {
    const client = clients.get(socket)
    if (client) disconnect(client, reason, why)
    socket.destroySoon()
    setTimeout(() => socket.destroy(), CLOSING).unref()
  }

  const tcp = createServer({ noDelay: true, keepAlive: true }, (socket) => {
    const address = socket.remoteAddress
    // Gone already.
    if (address === undefined) return void socket.on('error', () => undefined).destroy()
    const place = admit(address, (why) => {
      refusedOne(address, why)
      part(socket, disconnectReason.tooManyConnections, why)
    })
    if (typeof place === 'string') {
      refusedOne(address, place)
      return turnAway(socket, IDENT, place)
    }
    sockets.add(socket)
    const { loginTime } = limits
    const timer = setTimeout(() => {
      log.info({ peer: address }, 'login took too long')
      part(
        socket,
        disconnectReason.byApplication,
        `login took longer than ${loginTime / 1000} s (limits.ssh.loginTime); try again`,
      )
    }, loginTime)
    logins.set(socket, () => {
      clearTimeout(timer)
      place.authenticated()
    })
    socket.once('close', () => {
      clearTimeout(timer)
      place.left()
      sockets.delete(socket)
      clients.delete(socket)
      pushers.delete(socket)
    })
    // What is not SSH ends here: ssh2 ends its half and waits for the other for ever.
    socket.once('finish', () => setTimeout(() => socket.destroy(), CLOSING).unref())
    ssh.injectSocket(socket)
  })

  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        boundGarbage()
        tcp.once('error', reject)
        tcp.listen({ host, port }, () => {
          tcp.off('error', reject)
          tcp.on('error', (error) => log.error({ err: error }, 'ssh listener'))
          const address = tcp.address()
          resolve({ host, port: address && typeof address === 'object' ? address.port : port })
        })
      }),
    connections: () => sockets.size,
    refuseNew() {
      refusing = true
    },
    endWhere(is) {
      const ended = [...pushers].filter(([, pusher]) => is(pusher))
      for (const [socket, pusher] of ended) {
        log.info({ fingerprint: pusher.fingerprint, pusher: pusher.name }, 'connection ended: its key lost its rights')
        pushers.delete(socket)
        // Not `end`, which would wait for what the client still sends.
        socket.destroy()
      }
      return ended.length
    },
    retireWhere(is) {
      for (const [socket, pusher] of pushers) if (is(pusher)) retiring.get(socket)?.retire()
    },
    async close() {
      refusing = true
      const closed = tcp.listening ? new Promise<void>((resolve) => tcp.close(() => resolve())) : Promise.resolve()
      // Who was just told how a command ended leaves now. Told of the connection's end in the same breath, OpenSSH's client would take
      // that for the end of its command.
      const patience = performance.now() + LEAVING
      while (pushers.size > 0 && performance.now() < patience) await sleep(10)
      for (const socket of sockets) {
        const client = clients.get(socket)
        if (client) client.end()
        else socket.destroy()
      }
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, CLOSING)
      await closed
      clearTimeout(timer)
    },
  }
}
