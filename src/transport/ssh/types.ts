// The records between the embedded SSH server and those who serve its sessions.
import type { Readable, Writable } from 'node:stream'
import { defaultLimits, type Limits } from '../../config/limits.ts'
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
}

export interface SshHandlers {
  /** A pure lookup: called for offers too, which prove nothing. A session's `pusher` comes from a verified signature. */
  identify(key: OfferedKey): Pusher | null
  git(session: GitSession): Promise<void>
  /** Answers the exit code. */
  word(session: WordSession): Promise<number>
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
