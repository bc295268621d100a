// The collaborators that a running receiver consists of, and a deploy on its way. server.ts makes the one, pipeline.ts the other.
import type { Logger } from 'pino'
import type { SwitchContext } from './activate/switch.ts'
import type { Config } from './config/config.ts'
import type { KnownKey } from './config/keys.ts'
import type { Reserve } from './lib/disk-full.ts'
import type { Gate } from './lib/gate.ts'
import type { Lanes } from './lib/lanes.ts'
import type { WaitingGit } from './lib/ref-transaction.ts'
import type { Slots } from './lib/slots.ts'
import type { PushGate } from './receive/push-gate.ts'
import type { Tidy } from './receive/tidy.ts'
import type {
  Closure,
  DeployEvent,
  Manifest,
  Oid,
  ProjectId,
  Proof,
  Pusher,
  PushOptions,
  RefUpdate,
  Verification,
} from './records.ts'
import type { ResolveContext } from './resolve/resolve.ts'
import type { DeployKind } from './state/deploys.ts'
import type { State } from './state/state.ts'

/** The steps of a deploy (docs/architecture.md); tests end the process right after one of them. */
export type FaultPoint = 'S0' | 'S1' | 'S2' | 'S3' | 'S4' | 'S5' | 'S6' | 'S7' | 'S8'

export interface Context {
  /** What is in force now; replaced as a whole when the configuration is reloaded, so it is asked for anew each time. */
  readonly config: Config
  /** Keys of the configuration, and of whom. */
  readonly keys: readonly KnownKey[]
  readonly state: State
  readonly lanes: Lanes
  /** Closed while the operator's maintenance needs that no deploy is on its way. */
  readonly gate: Gate
  readonly log: Logger
  readonly resolve: Omit<ResolveContext, 'canonicalBranch'>
  readonly host: SwitchContext
  /** Deploys that have not switched yet, by number: what a newer push or the end of the receiver cancels. */
  readonly active: Map<number, ActiveDeploy>
  /** Deploys that are not over in the record, though nobody works on them any more: it could not be written. With the reason of each. */
  readonly unsettled: Map<number, string>
  /** Room that is given up when the disk is full. */
  readonly reserve: Reserve
  /** Counts pushes, to refuse too many of one user. */
  readonly pushes: PushGate
  /** Evaluations, and builds, that may run at once; the others wait. */
  readonly evaluations: Slots
  readonly builds: Slots
  /** Whether the operator grants a custom host name to a project (`organisation/project`). */
  readonly granted: (hostname: string, project: string) => boolean
  /** Aborts when the receiver begins to close: what has not switched by then does not. */
  readonly closing: AbortSignal
  /** Collects repositories after pushes. */
  readonly tidy: Tidy
  /** Git sessions that are being served. */
  readonly sessions: Set<object>
  /** Opens the sinks of one deploy: the pusher's terminal and its log file. */
  readonly report: (deploy: number, terminal: Terminal) => Report
  /** Deploys whose log is still written. */
  readonly reporting: ReadonlySet<number>
  /** Called right after a step is on disk; does nothing but in tests. */
  readonly fault: (point: FaultPoint, deploy: number) => void | Promise<void>
  /** What the front door hears of environments that change their services, by user name: requests wait meanwhile. Once `begin` resolves, they do. */
  readonly switching: { readonly begin: (userName: string) => Promise<void>; readonly end: (userName: string) => void }
  /** The command line with which a word is said to this receiver: `ssh -p 2222 hostenv@host logs d41`. */
  readonly commandOf: (word: string) => string
  /** Milliseconds since 1970: what the lives of previews are counted by. */
  readonly now: () => number
  /** The URL under which a host name is served by the front door. */
  readonly urlOf: (hostname: string) => string
}

/** Where the pusher reads, and how: a line that is redrawn in place where `live`, colour where it was asked for. */
export interface Terminal {
  readonly words: NodeJS.WritableStream
  readonly live: boolean
  readonly color: boolean
}

export interface Report {
  readonly emit: (event: DeployEvent) => void
  /** An event that is known later; what is emitted meanwhile is told after it. */
  readonly later: (event: Promise<DeployEvent>) => void
  /** One line of the whole log that is not shown to the pusher. */
  readonly log: (line: string) => void
  readonly close: () => Promise<void>
}

export interface ActiveDeploy {
  readonly project: string
  readonly ref: string
  readonly commit: string
  readonly fingerprint: string
  readonly abort: AbortController
  /** Whether it makes what its ref means live, as most do: what a newer push of that ref may supersede. */
  readonly plain: boolean
}

/** One push as its transport knows it: neither the project nor the pusher comes from a hook. */
export interface PushSession {
  readonly project: ProjectId
  readonly pusher: Pusher
  /** Address and port of the client. */
  readonly peer: string
  /** Changes once: when a new repository is renamed into place. */
  repository: string
  /** True while the repository is a temporary folder that is renamed into place when its first push is accepted. */
  fresh: boolean
  readonly closed: AbortSignal
  /** The git that will move the refs, started while the push is still read and looked at. */
  readonly refs: WaitingGit
}

/** One attempt to change an environment: a ref of a push, or what a word or the receiver itself asks for. */
export type Deploy = PushDeploy | OwnDeploy

/** What every deploy has from its beginning on. */
export interface Attempt {
  readonly id: number
  readonly session: PushSession
  readonly project: string
  readonly report: Report
  readonly abort: AbortController
  /** From S3 on nothing cancels it any more: neither its client, nor a newer push, nor the end of the receiver. */
  readonly keep: () => void
  /** performance.now() at its arrival. */
  readonly started: number
}

/** One ref of a push on its way to become live. */
export interface PushDeploy extends Attempt {
  readonly kind: 'push'
  readonly update: RefUpdate
  readonly options: PushOptions
}

/** A change without a push. */
export interface OwnDeploy extends Attempt {
  readonly kind: Exclude<DeployKind, 'push'>
  /** The branch that goes with it, if one does. */
  readonly update: RefUpdate | null
}

/** What an environment is to become: something built just now, or a release from before. */
export interface Next {
  readonly commit: Oid
  readonly tree: Oid
  /** The store path with `bin/activate`. */
  readonly out: string
  /** The generation that has it, where that is known; null: whichever has it, or a new one. */
  readonly generation: number | null
  /** The pattern that makes the environment a preview, or null. */
  readonly preview: string | null
  readonly verification: Verification
  /** How it proved itself before; then it need not do so for long. Null: it has to. */
  readonly proven: Proof | null
  /** The number of the release that comes back as what it was; null: this is a new one. */
  readonly again: number | null
  /** How long a preview lives from now on, where somebody said so (`7d`); null: as its pattern says. */
  readonly ttl: string | null
  /** The tag that is bound to this commit from now on, or null. */
  readonly tag: string | null
  /** What `releases` calls it beside its number. */
  readonly label: string | null
  readonly closure: Promise<Closure>
  /** The manifest that becomes the project's policy, where this is the canonical branch. */
  readonly newPolicy: Manifest | null
}

/** A deploy under way: to `next`, or (null) to nothing: what `key` means stops. */
export interface Ready {
  readonly deploy: Deploy
  readonly key: string | null
  readonly next: Next | null
  /** Milliseconds per stage. */
  readonly stages: Readonly<Record<string, number>>
}
