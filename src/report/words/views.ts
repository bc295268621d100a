// What the words read: records as a person sees them. Whoever keeps the state implements `Views`.
import type { Readable, Writable } from 'node:stream'
import type { ClientTerminal } from '../../lib/client-terminal.ts'
import type { ProjectId, Pusher, Release } from '../../records.ts'
import type { Verbs } from './verbs.ts'

type Maybe<T> = T | Promise<T>

/** One environment; the fields but `note` are those of `envs --json`. Times ISO 8601 UTC. */
export interface EnvironmentView {
  /** `organisation/project` */
  readonly project: string
  readonly key: string
  readonly kind: 'declared' | 'preview'
  readonly type: 'production' | 'testing' | 'development'
  readonly state: 'live' | 'deploying' | 'failed' | 'paused' | 'stopped' | 'broken'
  readonly url: string | null
  readonly hostname: string
  /** Number of the live release. */
  readonly release: number | null
  readonly commit: string | null
  readonly expiresAt: string | null
  /** A sentence for people, such as that the branch's accepted commit is not the live one. */
  readonly note?: string | null
}

/** One deploy, live or not. */
export interface DeployView {
  readonly id: number
  readonly project: ProjectId
  readonly key: string
  /** `push`, `rollback`, … */
  readonly kind: string
  /** Empty for what moves no ref. */
  readonly ref: string
  readonly commit: string
  readonly stage: string
  /** Why it did not become live. */
  readonly reason: string | null
  readonly at: string
  readonly by: string
  readonly logFile: string
}

export interface Views {
  /** The projects that the pusher may see. */
  projects(pusher: Pusher): Maybe<readonly ProjectId[]>
  environments(project: ProjectId): Maybe<readonly EnvironmentView[]>
  /** Newest first. */
  releases(project: ProjectId, key: string): Maybe<readonly Release[]>
  /** Any project's deploy: the words check that the pusher may see it. */
  deploy(id: number): Maybe<DeployView | null>
  /** Also one of which only its ref is known yet. */
  latestDeploy(project: ProjectId, key: string): Maybe<DeployView | null>
  /** Text in pieces of any size. */
  readLog(deploy: DeployView): AsyncIterable<string>
  /** The same, and what comes until the deploy has ended. */
  followLog(deploy: DeployView, closed: AbortSignal): AsyncIterable<string>
}

/** The client's end of a session. */
export interface WordClient {
  /** Nothing of it is taken before somebody reads. */
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  readonly terminal: ClientTerminal | null
  /** Calls back with each signal that the client sends: `INT`, `TERM`, … */
  readonly onSignal: (callback: (name: string) => void) => void
}

/** Where a word runs. A writer may answer a promise: the word then waits before it writes more. */
export interface WordContext {
  readonly pusher: Pusher
  /** Address and port of the client. */
  readonly peer: string
  readonly stdout: (text: string) => Maybe<void>
  readonly stderr: (text: string) => Maybe<void>
  readonly views: Views
  /** What words can do beside reading. */
  readonly verbs: Verbs
  /** Ends a word that would go on writing to nobody. */
  readonly closed?: AbortSignal
  /** The session itself, for a word that carries bytes. */
  readonly client: WordClient
}
