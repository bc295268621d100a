// One SSH connection after its first line: login, the limits within it, and the end of it.
import type { AuthContext, Connection, Session } from 'ssh2'
import type { Pusher } from '../../records.ts'
import { type Judgement, judge } from './authenticate.ts'
import { disconnect, hasKeyExchange, packetSize, queuedPackets, socketOf, unreadBytes } from './internals.ts'
import { createLink } from './link.ts'
import { serveSession } from './session.ts'
import { serveSocket } from './socket.ts'
import { disconnectReason } from './turn-away.ts'
import type { Log, SshHandlers, SshLimits } from './types.ts'

export interface ConnectionContext {
  readonly handlers: SshHandlers
  readonly limits: SshLimits
  readonly log: Log
  readonly refusing: () => boolean
  /** Called once, when a signature was verified. */
  readonly authenticated: (pusher: Pusher, connection: Retiring) => void
}

/** A connection that takes no new channel any more, and ends with its last one. */
export interface Retiring {
  retire(): void
}

/** Bytes that may wait in the socket: far more than the server's own writers leave there. */
const MOST_WAITING = 8 * 1024 * 1024
/** Bytes that a session may hold unread: twice the window that ssh2 grants. */
const MOST_UNREAD = 4 * 1024 * 1024
/** Packets that may wait for the end of a key exchange. */
const MOST_QUEUED = 1000
/** Sessions that are opened and closed without a command; ssh2 forgets them only with the connection. */
const MOST_UNUSED = 100
/** Sessions beyond the most, each of which only gets to hear why. */
const TOLD = 5
const SHUTTING_DOWN = 'hostenv is shutting down; push again in a moment'
/** Milliseconds between the end of a connection and the end of its socket. */
const GRACE = 2000

/** Milliseconds in which a client says of itself how it exchanges keys. */
const CLIENT_FIRST = 20

/**
 * Holds back the server's half of how keys are exchanged (RFC 4253, 7.1) until the client's is there, or a moment has passed. Sent as soon as
 * ssh2 would send it, it makes the kernel delay the acknowledgement of the client's half for 40 ms (tcp(7), TCP_QUICKACK), as it expects
 * another answer to carry it; OpenSSH's client, which leaves TCP_NODELAY off until it has logged in, says nothing more before that.
 */
function answerWithAcknowledgement(client: Connection): void {
  const socket = socketOf(client)
  socket.cork()
  const send = () => {
    clearTimeout(timer)
    socket.off('data', send)
    socket.uncork()
  }
  const timer = setTimeout(send, CLIENT_FIRST)
  socket.on('data', send)
  // It may have come with the client's first line.
  process.nextTick(() => hasKeyExchange(client) && send())
}

/** Serves a connection until it is gone. */
export function serveConnection(client: Connection, context: ConnectionContext): void {
  const { handlers, limits, log, refusing } = context
  const socket = socketOf(client)
  const peer = `${socket.remoteAddress ?? '?'} ${socket.remotePort ?? 0}`
  const { link, cut } = createLink(client, peer)
  let pusher: Pusher | null = null
  let attempts = 0
  let open = 0
  let unused = 0
  let retired = false

  const left = () => {
    if (--open === 0 && retired) socket.destroy()
  }
  const retire = () => {
    retired = true
    if (open === 0) socket.destroy()
  }
  const judged = (request: AuthContext): Judgement => {
    try {
      return judge(request, handlers.identify)
    } catch (error) {
      log.error({ peer, err: error }, 'identify failed')
      return { is: 'refused' }
    }
  }
  const tooManyKeys = () => {
    const why = `more than ${limits.loginAttempts} keys were tried (limits.ssh.loginAttempts); name the right one with ssh -i FILE -o IdentitiesOnly=yes`
    disconnect(client, disconnectReason.protocolError, why)
    socket.destroySoon()
    gone()
  }
  const gone = () => {
    cut()
    if (!socket.destroyed) setTimeout(() => socket.destroy(), GRACE).unref()
  }
  client.on('error', (error) => {
    log.debug({ peer, err: error }, 'connection error')
    gone()
  })
  client.on('end', gone).on('close', gone)
  socket.setNoDelay(true)
  answerWithAcknowledgement(client)
  // Each channel may wait for the socket's `drain`.
  socket.setMaxListeners(limits.channelsPerConnection + 20)
  client.setMaxListeners(limits.channelsPerConnection + 20)

  client.on('authentication', (request) => {
    if (++attempts > limits.loginAttempts) {
      if (attempts === limits.loginAttempts + 1) tooManyKeys()
      return
    }
    const judgement = judged(request)
    if (judgement.is === 'refused') return request.reject(['publickey'])
    if (judgement.is === 'proven') {
      pusher = judgement.pusher
      log.info({ peer, pusher: pusher.name, fingerprint: pusher.fingerprint }, 'logged in')
      context.authenticated(pusher, { retire })
    }
    request.accept()
  })
  client.on('session', (accept, reject) => {
    const most = limits.channelsPerConnection
    // Some more are let in to be told.
    if (!pusher || retired || open >= most + TOLD) return reject()
    const session = accept() as Session
    if (packetSize(session) < 256) return void socket.destroy()
    const full = open >= most
    open++
    const refusal = () => {
      if (refusing()) return SHUTTING_DOWN
      return full ? `hostenv: this connection has ${most} sessions already (limits.ssh.channelsPerConnection)` : null
    }
    serveSession(session, { link, pusher, handlers, log, refusal }, (used) => {
      left()
      if (!used && ++unused > MOST_UNUSED) socket.destroy()
    })
  })
  client.on('openssh.streamlocal', (accept, reject, { socketPath }) => {
    if (!pusher || retired || refusing() || open >= limits.channelsPerConnection) return reject()
    open++
    const request = { pusher, peer, path: String(socketPath) }
    serveSocket(request, { accept, reject, handlers, link, log }).finally(left)
  })
  // A client that sends requests and never reads the answers, or that ignores its window, costs memory here.
  socket.on('data', () => {
    const within =
      socket.writableLength <= MOST_WAITING &&
      queuedPackets(client) <= MOST_QUEUED &&
      unreadBytes(client) <= MOST_UNREAD
    if (within) return
    log.warn({ peer }, 'client does not keep to its window or does not read the answers; connection dropped')
    socket.destroy()
  })
}
