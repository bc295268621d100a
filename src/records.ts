// The records that travel between the stages: small, readonly, all in this one file.

/** 40 lower-case hex digits (SHA-1 object id); forty zeros mean "no object". */
export type Oid = string

/** A normalised `organisation/project` pair: the identity of a project (DESIGN: names). */
export interface ProjectId {
  readonly organisation: string
  readonly project: string
}

/** Who pushes: proven by a signature of the key, never by an offer. `name` is for people (`alice`, `admin`). */
export interface Pusher {
  readonly name: string
  /** `SHA256:…` as `ssh-keygen -l` prints it. */
  readonly fingerprint: string
  readonly admin: boolean
}

/** One command of a push, as git's wire says it (gitprotocol-pack(5)). `ref` is a full name. */
export interface RefUpdate {
  readonly ref: string
  readonly old: Oid
  readonly new: Oid
}

/** One `git push` as the transport and the hooks know it. */
export interface Push {
  readonly project: ProjectId
  readonly pusher: Pusher
  /** Absolute path of the bare repository that receive-pack works in. */
  readonly repository: string
  /** True while the repository is a temporary folder, not yet renamed into place. */
  readonly fresh: boolean
  readonly atomic: boolean
  readonly options: PushOptions
  readonly updates: readonly RefUpdate[]
}

export interface PushOptions {
  readonly trace: boolean
  /** Environment keys that the pusher confirmed to stop. */
  readonly confirm: readonly string[]
  /** Keys of production environments whose history the pusher means to replace. */
  readonly force: readonly string[]
}

/** Facts of one environment that follow from (project, key) and the receiver's settings. */
export interface EnvironmentFacts {
  readonly organisation: string
  readonly project: string
  readonly environmentName: string
  readonly safeEnvironmentName: string
  readonly gitRef: string
  readonly userName: string
  readonly hostname: string
  readonly runtimeDir: string
  readonly upstreamRuntimeDir: string
  readonly dataDir: string
  readonly stateDir: string
  readonly cacheDir: string
}

export type EnvironmentType = 'production' | 'testing' | 'development'

export interface Verification {
  readonly enable: boolean
  readonly path: string
  /** Seconds until the first answer below 500. */
  readonly timeout: number
  /** Seconds that each process must stay up once it is ready. */
  readonly upFor: number
}

/** One environment of a parsed manifest. */
export interface EnvironmentManifest {
  readonly enable: boolean
  readonly type: EnvironmentType
  readonly virtualHosts: Readonly<Record<string, unknown>>
  readonly users: Readonly<
    Record<string, { readonly email?: string | undefined; readonly publicKeys: readonly string[] }>
  >
  readonly deploymentVerification: Verification
  readonly releaseTags: string | null
  readonly hostenv: EnvironmentFacts
}

export interface Manifest {
  readonly environments: Readonly<Record<string, EnvironmentManifest>>
  readonly defaultEnvironment: string | null
  readonly warnings: readonly string[]
}

/** A derivation and the output it will have, both `/nix/store/…`. */
export interface Derivation {
  readonly drvPath: string
  readonly outPath: string
}

/** What a ref means: the environment it goes to and what is to be built for it. */
export interface Target {
  readonly deploy: number
  readonly update: RefUpdate
  readonly project: ProjectId
  readonly key: string
  readonly environment: EnvironmentManifest
  readonly tree: Oid
  readonly derivation: Derivation
}

export interface Build {
  readonly storePath: string
  /** Link that keeps the output from the garbage collector until the deploy ends. */
  readonly outLink: string
  readonly cached: boolean
  readonly closureBytes: number
  /** Milliseconds. */
  readonly duration: number
}

/** A deploy that became live. Times ISO 8601 UTC, durations milliseconds, sizes bytes. */
export interface Release {
  readonly project: string
  readonly key: string
  readonly n: number
  readonly generation: number
  readonly commit: Oid
  readonly tree: Oid
  readonly storePath: string
  readonly by: string
  readonly at: string
  readonly outcome: 'live' | 'superseded'
  readonly label: string | null
  readonly stages: Readonly<Record<string, number>>
}

/** What a refused ref is told, in git's own status line; `detail` goes to the sideband. */
export interface Refusal {
  readonly reason: string
  readonly detail?: readonly string[]
}

export type Verdict =
  | { readonly ref: string; readonly ok: true; readonly oldOid?: Oid }
  | { readonly ref: string; readonly ok: false; readonly reason: string }

/** Everything that happens during a deploy; sinks (sideband, record, log) render it. Text in here is raw and hostile. */
export type DeployEvent =
  | {
      readonly type: 'started'
      readonly project: string
      readonly commit: Oid
      readonly ref: string
      readonly key: string
      readonly kind: EnvironmentType
    }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'warning'; readonly text: string }
  | { readonly type: 'build-plan'; readonly builds: number; readonly fetches: number; readonly cached: number }
  | { readonly type: 'build-started'; readonly name: string; readonly n: number; readonly total: number }
  | {
      readonly type: 'build-line'
      readonly name: string
      readonly n: number
      readonly total: number
      readonly line: string
    }
  | {
      readonly type: 'build-finished'
      readonly name: string
      readonly n: number
      readonly total: number
      readonly duration: number
    }
  | {
      readonly type: 'build-failed'
      readonly name: string
      readonly how: string
      readonly tail: readonly string[]
      readonly gotHash?: string
    }
  | {
      readonly type: 'built'
      readonly duration: number
      readonly cached: boolean
      readonly closureBytes: number
      readonly since: {
        readonly release: number
        readonly deltaBytes: number
        readonly changes: readonly string[]
      } | null
    }
  | { readonly type: 'waiting'; readonly text: string }
  | { readonly type: 'activating'; readonly release: number }
  | { readonly type: 'activate-line'; readonly line: string }
  | { readonly type: 'check'; readonly what: string; readonly result: string; readonly duration: number }
  | { readonly type: 'live'; readonly url: string; readonly release: number; readonly duration: number }
  | { readonly type: 'removed'; readonly key: string }
  | {
      readonly type: 'refused'
      readonly headline: string
      readonly detail: readonly string[]
      readonly help: readonly string[]
    }
  | { readonly type: 'restored'; readonly release: number | null; readonly text: string }

/** Where a stage tells what happens. */
export type Emit = (event: DeployEvent) => void

/** A refusal that a stage throws: one reason for the status line, detail for the sideband. Everything else thrown is a fault of ours. */
export class Refused extends Error {
  readonly headline: string
  readonly detail: readonly string[]
  readonly help: readonly string[]
  /** `reason` goes to git's status line; `headline` (default: the reason) opens the explanation on the sideband. */
  constructor(reason: string, more: { headline?: string; detail?: readonly string[]; help?: readonly string[] } = {}) {
    super(reason)
    this.name = 'Refused'
    this.headline = more.headline ?? reason
    this.detail = more.detail ?? []
    this.help = more.help ?? []
  }
}

/** The event that tells a refusal. */
export function refusedEvent({ headline, detail, help }: Refused): DeployEvent {
  return { type: 'refused', headline, detail, help }
}
