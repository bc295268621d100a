// The records between the embedded SSH server and those who serve its sessions.
import type { Duplex, Readable, Writable } from 'node:stream'
import { defaultLimits, type Limits } from '../../config/limits.ts'
import type { ClientTerminal } from '../../lib/client-terminal.ts'
import type { Pusher } from '../../records.ts'
import type { GitService } from './exec.ts'

/** A key that a client offers or has signed with. */
export interface OfferedKey {
  readonly algorithm: string
  readonly blob: Buffer
  /** `SHA256:…` */
  readonly fingerprint: string
}

interface Session {
  readonly pusher: Pusher
  /** Address and port of the client, for the log. */
  readonly peer: string
  /** Aborts when the channel or the connection is gone before the session has said its exit. */
  readonly closed: AbortSignal
  /** Both accept everything for ever: what is written to a client that is gone is dropped, and is no error. */
  readonly stdout: Writable
  readonly stderr: Writable
}

/** One git command. End it with exactly one of `exit` and `exitSignal`, after the last byte was written. */
export interface GitSession extends Session {
  readonly service: GitService
  /** As the client wrote it, without quotes. Not checked in any way. */
  readonly path: string
  /** The client's GIT_PROTOCOL, when it has the form that gitprotocol-v2(5) describes. */
  readonly gitProtocol: string | null
  /** Ends when the client has sent all or is gone. */
  readonly stdin: Readable
  exit(code: number): Promise<void>
  /** Signal name with or without SIG; one that SSH does not know becomes exit 255. */
  exitSignal(name: string): Promise<void>
}

export interface WordSession extends Session {
  readonly argv: readonly string[]
  /** Ends when the client has sent all or is gone. Nothing of it is taken before somebody reads. */
  readonly stdin: Readable
  /** Null: the client asked for none. Lines to one end in CR LF, and Ctrl-C comes as a byte (3) of stdin. */
  readonly terminal: ClientTerminal | null
  /** Calls back with each signal that the client sends (RFC 4254, 6.9): `INT`, `TERM`, … */
  readonly onSignal: (callback: (name: string) => void) => void
}

/** A client that wants to reach a Unix socket (direct-streamlocal@openssh.com). */
export interface SocketRequest {
  readonly pusher: Pusher
  readonly peer: string
  /** As the client wrote it. Not checked in any way. */
  readonly path: string
}

/** A connected socket, and when it has to be cut off whatever goes on. */
export interface OpenSocket {
  readonly stream: Duplex
  readonly end: AbortSignal
  /** Called once, when nothing goes through it any more. */
  readonly closed: () => void
}

export interface SshHandlers {
  /** A pure lookup: called for offers too, which prove nothing. A session's `pusher` comes from a verified signature. */
  identify(key: OfferedKey): Pusher | null
  git(session: GitSession): Promise<void>
  /** Answers the exit code. */
  word(session: WordSession): Promise<number>
  /** Answers null for what the client may not reach, or what is not there: it hears the same of both. */
  socket(request: SocketRequest): Promise<OpenSocket | null>
}

/** Read whenever they are needed: one object whose values may change while the server runs. */
export type SshLimits = Limits['ssh']

export const defaultSshLimits: SshLimits = defaultLimits.ssh

/** The part of a pino logger that the server uses. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
