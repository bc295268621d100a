// One SSH session: what was asked for, the streams of its channel, and the handler that serves it.
import type { RejectConnection, ServerChannel, Session } from 'ssh2'
import { type ClientTerminal, type TerminalSize, terminalName, terminalSize } from '../../lib/client-terminal.ts'
import type { Pusher } from '../../records.ts'
import { channelStreams } from './channel-streams.ts'
import { type Exec, parseExec } from './exec.ts'
import type { Link } from './link.ts'
import type { GitSession, Log, SshHandlers, WordSession } from './types.ts'

export interface SessionContext {
  readonly link: Link
  readonly pusher: Pusher
  readonly handlers: SshHandlers
  readonly log: Log
  /** Why this session may not start, or null. */
  readonly refusal: () => string | null
}

/** gitprotocol-v2(5): `version=N`, then colon separated capabilities. */
const GIT_PROTOCOL = /^version=\d(:[A-Za-z0-9=._-]+){0,16}$/

/** Serves a session that was accepted. `left` is called once when its channel is closed; it says whether it was used. */
export function serveSession(session: Session, context: SessionContext, left: (used: boolean) => void): void {
  let gitProtocol: string | null = null
  let terminal: ClientTerminal | null = null
  const resized = new Set<(size: TerminalSize) => void>()
  const signalled = new Set<(name: string) => void>()
  let used = false
  const closed = new AbortController()
  session.on('error', () => {})
  session.once('close', () => {
    closed.abort()
    left(used)
  })
  session.on('env', (accept, reject, { key, val }) => {
    // ssh2's types say `val` is whatever; on the wire it is a string.
    const value = String(val)
    if (key !== 'GIT_PROTOCOL' || value.length > 256 || !GIT_PROTOCOL.test(value)) return reject?.()
    gitProtocol = value
    accept?.()
  })
  session.on('pty', (accept, reject, { cols, rows, term }) => {
    if (used || terminal !== null) return reject?.()
    let size = terminalSize(cols, rows)
    resized.add((next) => {
      size = next
    })
    terminal = {
      term: terminalName(String(term)),
      size: () => size,
      onResize: (callback) => void resized.add(callback),
    }
    accept?.()
  })
  session.on('window-change', (accept, _reject, { cols, rows }) => {
    for (const callback of resized) callback(terminalSize(cols, rows))
    accept?.()
  })
  session.on('signal', (accept, _reject, { name }) => {
    for (const callback of signalled) callback(String(name))
    accept?.()
  })
  const begin = (accept: () => ServerChannel, reject: RejectConnection | undefined, exec: Exec, code?: number) => {
    // A second exec in one session is against RFC 4254, 6.5.
    if (used) return reject?.()
    used = true
    const client = {
      gitProtocol,
      terminal,
      onSignal: (callback: (name: string) => void) => void signalled.add(callback),
    }
    serveExec(accept(), context, exec, client, closed, code)
  }
  session.on('exec', (accept, reject, { command }) => begin(accept, reject, parseExec(command)))
  // There is no shell; who asks for one gets to know what there is.
  session.on('shell', (accept, reject) => begin(accept, reject, { kind: 'word', argv: ['help'] }, 1))
}

function serveExec(
  channel: ServerChannel | undefined,
  context: SessionContext,
  exec: Exec,
  client: Pick<WordSession, 'terminal' | 'onSignal'> & Pick<GitSession, 'gitProtocol'>,
  channelClosed: AbortController,
  code: number | undefined,
): void {
  // ssh2 gives no channel when the client has closed the session already.
  if (!channel) return
  const { link, pusher, handlers, log } = context
  const { gitProtocol, terminal, onSignal } = client
  const streams = channelStreams(channel, link)
  const closed = new AbortController()
  let ended = false
  const cut = () => {
    forget()
    streams.cut()
    if (!ended) closed.abort()
  }
  const forget = link.onGone(cut)
  channelClosed.signal.addEventListener('abort', cut, { once: true })

  const { stdin, stdout, stderr } = streams
  const common = { pusher, peer: link.peer, closed: closed.signal, stdout, stderr }
  const fields = { peer: link.peer, pusher: pusher.name, exec }
  const end = (how: number | string) => {
    ended = true
    log.debug({ ...fields, how }, 'session ends')
    return streams.finish(how)
  }
  log.info(fields, 'session')
  const say = (text: string) => {
    stderr.write(terminal === null ? text : text.replaceAll('\n', '\r\n'))
    end(1)
  }
  const serve = async () => {
    const refusal = context.refusal()
    if (refusal !== null) return say(`${refusal}\n`)
    if (exec.kind === 'refused') return say(`hostenv: ${exec.why}\n`)
    if (exec.kind === 'word') {
      const answered = await handlers.word({ ...common, stdin, terminal, onSignal, argv: exec.argv })
      return end(code ?? answered)
    }
    const { service, path } = exec
    await handlers.git({ ...common, service, path, gitProtocol, stdin, exit: end, exitSignal: end })
  }
  serve().catch((error: unknown) => {
    log.error({ ...fields, err: error }, 'session failed')
    say('hostenv: something went wrong on the server; its log has the details\n')
  })
}
