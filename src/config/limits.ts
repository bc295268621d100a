// Every limit, in one list, with its unit. A limit that is reached is told in one sentence; none is silent.

/** Times in milliseconds, sizes in bytes, unless the name says otherwise. */
export const defaultLimits = {
  /** Refs that one push may update. */
  refsPerPush: 100,
  /** Size of a pack (`receive.maxInputSize`). */
  packBytes: 2 * 1024 ** 3,
  /** Size of all objects of a repository, those of refused pushes too until they are collected. */
  repositoryBytes: 5 * 1024 ** 3,
  /** A repository is collected (git gc) after a push that leaves it with more packs, loose objects or refused bytes than these. */
  collectPacks: 50,
  collectLoose: 5000,
  collectRefusedBytes: 64 * 1024 ** 2,
  collectTime: 30 * 60_000,
  /** Push options in one push, and the length of each. */
  pushOptions: 20,
  pushOptionLength: 200,
  evaluationTime: 60_000,
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
  /** How often the receiver looks for environments that listen on a port. */
  portCheckInterval: 60_000,
  /** How often it looks whether the service managers of live environments still run. */
  treeCheckInterval: 5000,
} as const

export type Limits = { readonly [K in keyof typeof defaultLimits]: number }
