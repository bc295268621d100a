// The records that travel between the stages: small, readonly, all in this one file.
export { type DeployEvent, type Emit, refusedEvent } from './events.ts'

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

export interface PushOptions {
  readonly trace: boolean
  /** Sober colour on the pusher's terminal. */
  readonly color: boolean
  /** A client that goes away cancels nothing. */
  readonly detach: boolean
  /** Evaluate, build, tell what would change, and change nothing. */
  readonly dryRun: boolean
  /** Build, keep the build and move the ref; what is live stays. */
  readonly noActivate: boolean
  /** The environment that is meant, whatever the ref means. */
  readonly env: string | null
  /** How long a preview lives after this push, like `7d`. */
  readonly ttl: string | null
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
  /** Whether a check that fails refuses the deploy; else it is only told. */
  readonly enforce: boolean
  readonly path: string
  /** Seconds until the first answer below 500. */
  readonly timeout: number
  /** Seconds that each process must stay up once it is ready. */
  readonly upFor: number
}

/** What the front door does for one host name of an environment (docs/reference/front-door.md). */
export interface VirtualHost {
  /** Host name, with or without a port, that all requests are sent to. */
  readonly globalRedirect: string | null
  /** Whether whatever ends TLS before the front door may ask Let's Encrypt for a certificate; the front door itself has no TLS. */
  readonly enableLetsEncrypt: boolean
  readonly redirectCode: number
  /** `return` as in nginx, by location: `/prefix`, `= /exact`. */
  readonly locations: Readonly<Record<string, { readonly return: string | null }>>
  /** Null: on production only. */
  readonly allowIndexing: boolean | null
  readonly hsts: boolean
  readonly security: {
    readonly csp: string | null
    readonly cspMode: 'enforce' | 'report-only'
    readonly cspReportTo: string | null
    readonly reportTo: string | null
    readonly referrerPolicy: string | null
    readonly xFrameOptions: 'SAMEORIGIN' | 'DENY' | null
    readonly xContentTypeOptions: boolean
    readonly hsts: boolean
  }
}

export interface UserManifest {
  readonly email?: string | undefined
  readonly publicKeys: readonly string[]
  readonly role: 'viewer' | 'deployer' | 'maintainer'
}

/** One environment of a parsed manifest. */
export interface EnvironmentManifest {
  readonly enable: boolean
  readonly type: EnvironmentType
  readonly virtualHosts: Readonly<Record<string, VirtualHost>>
  readonly users: Readonly<Record<string, UserManifest>>
  /** Only maintainers deploy here. */
  readonly protected: boolean
  readonly deploymentVerification: Verification
  readonly releaseTags: string | null
  /** Key of the environment in which a commit must have been live before a tag releases it here. */
  readonly requires: string | null
  readonly hostenv: EnvironmentFacts
}

/** What the branches that match one pattern become. `ttl` is like `14d`. */
export interface PreviewManifest {
  readonly enable: boolean
  readonly type: EnvironmentType
  /** The environment whose processes and services, and nothing else, they have. */
  readonly extends: string
  readonly users: EnvironmentManifest['users']
  readonly ttl: string | null
  readonly max: number | null
  /** What happens to make room for one more than `max`; null: the new one is refused. */
  readonly evict: 'oldest' | null
  /** Reserved: the environment whose data a new preview starts with; null: it starts with none. */
  readonly data: string | null
  /** Processes with a schedule that the previews run as well. */
  readonly schedules: readonly string[]
}

export interface Manifest {
  readonly environments: Readonly<Record<string, EnvironmentManifest>>
  /** By pattern. */
  readonly previews: Readonly<Record<string, PreviewManifest>>
  readonly defaultEnvironment: string | null
  readonly warnings: readonly string[]
}

/** A derivation and the output it will have, both `/nix/store/…`. */
export interface Derivation {
  readonly drvPath: string
  readonly outPath: string
}

export interface Build {
  readonly storePath: string
  /** Link that keeps the output from the garbage collector until the deploy ends. */
  readonly outLink: string
  readonly cached: boolean
  /** How big it is; known a little later than it is built. Never rejects. */
  readonly closure: Promise<Closure>
  /** Milliseconds. */
  readonly duration: number
}

/** A built thing with all that it needs. */
export interface Closure {
  /** Null where nobody knows any more. */
  readonly closureBytes: number | null
  /** What changed since the release that was live when it was built. */
  readonly since: Since | null
}

/** What changed since an earlier release. */
export interface Since {
  readonly release: number
  readonly deltaBytes: number
  /** `shop-frontend 2.3 → 2.4`, one per package name. */
  readonly changes: readonly string[]
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
  /** The deploy that it came from. */
  readonly deploy: number
  readonly by: string
  readonly at: string
  /** `collected`: too old to be kept; one cannot go back to it. */
  readonly outcome: 'live' | 'superseded' | 'collected'
  readonly label: string | null
  /** Null where it is not known. */
  readonly closureBytes: number | null
  readonly since: Since | null
  readonly stages: Readonly<Record<string, number>>
  /** Whether it answered on a socket when it became live; null where nobody asked. */
  readonly answers: boolean | null
}

/** What is known of a release that was live before. */
export type Proof = Pick<Release, 'answers'>

export type Verdict =
  | { readonly ref: string; readonly ok: true; readonly oldOid?: Oid }
  | { readonly ref: string; readonly ok: false; readonly reason: string }

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
