// Every limit, in one list, with its unit. A limit that is reached is told in one sentence; none is silent.

/** Times in milliseconds, sizes in bytes, unless the name says otherwise. */
export const defaultLimits = {
  /** Refs that one push may update. */
  refsPerPush: 100,
  /** Size of a pack (`receive.maxInputSize`). */
  packBytes: 2 * 1024 ** 3,
  /** Push options in one push, and the length of each. */
  pushOptions: 20,
  pushOptionLength: 200,
  evaluationTime: 60_000,
  /** How long one input of a project's flake may take to fetch. */
  fetchTime: 10 * 60_000,
  /** Address space of the evaluator (setrlimit(2), RLIMIT_AS). */
  evaluationMemory: 2 * 1024 ** 3,
  /** Size of the manifest that an evaluation may print. */
  manifestBytes: 4 * 1024 ** 2,
  buildTime: 60 * 60_000,
  buildsAtOnce: 2,
  activateTime: 5 * 60_000,
  /** How long stopping a tree of services may take before it is killed. */
  stopTime: 10_000,
  /** How long `serve` waits for running switches at SIGTERM. */
  shutdownTime: 60_000,
  /** How long a request waits for an environment that switches, and how many wait: for one environment, for all. */
  heldTime: 10_000,
  heldPerEnvironment: 100,
  heldRequests: 1000,
  /** How often the receiver looks for environments that listen on a port. */
  portCheckInterval: 60_000,
  /** How often it looks whether the service managers of live environments still run. */
  treeCheckInterval: 5000,
  /** Size of the receiver's log file, and how many full ones are kept. */
  logBytes: 10 * 1024 ** 2,
  logFiles: 5,
  /** Size of the log of one environment's service manager; two full ones are kept. */
  serviceLogBytes: 1024 ** 2,
} as const

export type Limits = { readonly [K in keyof typeof defaultLimits]: number }
