// Every limit, in one table, with its unit, its default and its bounds. A limit that is reached is told in one sentence; none is
// silent. The configuration file, its JSON Schema and its reference follow from this table.

export interface Limit {
  /** `time` is kept in milliseconds, `size` in bytes. */
  readonly unit: 'count' | 'time' | 'size'
  readonly value: number
  readonly least: number
  readonly most: number
  /** What is limited, as the reference says it. */
  readonly says: string
}

type More = Partial<Pick<Limit, 'least' | 'most'>>

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

const limit = (unit: Limit['unit'], most: number) => (value: number, says: string, more?: More) =>
  ({ unit, value, says, least: 1, most, ...more }) as const
const count = limit('count', 1_000_000)
// Longer timers than 2³¹ ms fire at once in Node.
const time = limit('time', 24 * 24 * HOUR)
const size = limit('size', 1024 * GIB * KIB)

export const limitTable = {
  refsPerPush: count(100, 'Refs that one push may update.', { most: 10_000 }),
  packBytes: size(2 * GIB, 'Size of the pack that one push may send.', { least: 64 * KIB }),
  repositoryBytes: size(
    5 * GIB,
    'Size of all objects of a repository, those of refused pushes too until they are collected.',
    {
      least: MIB,
    },
  ),
  collectPacks: count(50, 'Packs that a push may leave before the repository is collected (git gc).'),
  collectLoose: count(5000, 'Loose objects that a push may leave before the repository is collected.'),
  collectRefusedBytes: size(64 * MIB, 'Bytes of refused pushes that may be left before the repository is collected.', {
    least: 0,
  }),
  collectTime: time(30 * MINUTE, 'How long one collection of a repository may take.', { least: 1000 }),
  pushOptions: count(20, 'Push options (`git push -o`) of one push.', { most: 100 }),
  pushOptionLength: count(200, 'Characters of one push option.', { most: 4096 }),
  pushesPerMinute: count(240, 'Pushes that one user may begin within a minute.'),
  pushesAtOnce: count(32, 'Pushes of one user that may be on their way at once.'),
  freeDiskBytes: size(
    512 * MIB,
    'Free disk that the state directory and the Nix store must have for a push to be taken.',
    {
      least: 0,
    },
  ),
  gitMemory: size(
    1536 * MIB,
    'Memory of each git that takes in a push or reads its files (RLIMIT_DATA). A file that changes needs twice its size.',
    { least: 64 * MIB },
  ),
  archiveTime: time(10 * MINUTE, "The processor's time that one `git archive --remote` may take (RLIMIT_CPU).", {
    least: 1000,
  }),
  treeFiles: count(200_000, 'Files and folders that a commit may have that is deployed.'),
  treeBytes: size(4 * GIB, 'Size of all files of a commit that is deployed.', { least: 64 * KIB }),
  evaluationTime: time(
    60 * SECOND,
    'How long the evaluation of one pushed commit may take. So long may its files take before, and a second more for each 4 MiB of them.',
    { least: 100 },
  ),
  evaluationMemory: size(2 * GIB, 'Address space of one evaluation (setrlimit(2), RLIMIT_AS).', { least: 128 * MIB }),
  evaluationProcesses: count(
    64,
    'Processes and threads of one evaluation (RLIMIT_NPROC; where the receiver is root, it counts processes itself).',
  ),
  evaluationsAtOnce: count(4, 'Evaluations of all pushes that run at once; others wait.'),
  manifestBytes: size(4 * MIB, 'Size of the manifest that an evaluation may print.', { least: 4 * KIB }),
  buildTime: time(HOUR, 'How long the build of one pushed ref may take.', { least: 100 }),
  buildsAtOnce: count(2, 'Builds of all pushes that run at once; others wait.'),
  buildProcesses: count(
    4096,
    'Processes and threads of one build (RLIMIT_NPROC; not where a nix-daemon builds, which has limits of its own).',
    { least: 16 },
  ),
  derivationLogBytes: size(512 * MIB, 'Log after which Nix ends the build of one derivation.', { least: 4 * KIB }),
  deployLogBytes: size(64 * MIB, 'Log that is kept of one deploy; what is longer is cut, and says so.', {
    least: 4 * KIB,
  }),
  shownLogBytes: size(
    4 * MIB,
    'Lines of builds that a push without a live line (CI, a pipe) is shown; the log has the rest, and the push says so.',
    { least: 4 * KIB },
  ),
  fetchTime: time(10 * MINUTE, "How long one input of a project's flake may take to fetch."),
  activateTime: time(5 * MINUTE, 'How long `activate` of one release may take.', { least: 100 }),
  environmentProcesses: count(
    1024,
    'Processes and threads of one environment (RLIMIT_NPROC; where the receiver is root, it counts processes itself and stops an environment that has more).',
    { least: 16 },
  ),
  environmentMemory: size(
    8 * GIB,
    'Memory of one environment, all of its processes and its files in memory together; the receiver looks every second and stops an environment that has more.',
    { least: 64 * MIB },
  ),
  processMemory: size(8 * GIB, 'Private memory of each process of an environment (RLIMIT_DATA).', { least: 64 * MIB }),
  processLogFiles: count(5, 'Old log files that are kept of each process; holds for services that start later.', {
    most: 1000,
  }),
  processLogBytes: size(MIB, 'Size of each of these log files; holds for services that start later.', {
    least: 4 * KIB,
    most: 256 * MIB - 1,
  }),
  stopTime: time(10 * SECOND, 'How long stopping the services of an environment may take before they are killed.'),
  shutdownTime: time(MINUTE, 'How long the receiver waits at SIGTERM for deploys that are switching.'),
  portCheckInterval: time(MINUTE, 'How often the receiver looks for environments that listen on a port.', {
    least: 100,
  }),
  treeCheckInterval: time(5 * SECOND, 'How often it looks whether the services of live environments still run.', {
    least: 100,
  }),
  keptReleases: count(20, 'Releases of one environment that are kept, to go back to.', { least: 2, most: 10_000 }),
  keptReleaseTime: time(
    90 * 24 * HOUR,
    'How long a release is kept after another one took its place; the one before what is live is kept however old it is.',
    { least: 1000, most: 100 * 365 * 24 * HOUR },
  ),
  previewGrace: time(
    72 * HOUR,
    'How long a preview that expired or was torn down keeps its data; then data, releases and name go together.',
    { least: 0, most: 365 * 24 * HOUR },
  ),
  expiryCheckInterval: time(MINUTE, 'How often the receiver looks for previews that expired.', {
    least: 100,
  }),
  heldTime: time(10 * SECOND, 'How long a request waits for an environment that switches.'),
  heldPerEnvironment: count(100, 'Requests that wait for one environment that switches.'),
  heldRequests: count(1000, 'Requests that wait for environments that switch, of all.'),
  logBytes: size(10 * MIB, "Size of the receiver's log file.", { least: 4 * KIB }),
  logFiles: count(5, 'Full log files of the receiver that are kept.', { most: 1000 }),
  serviceLogBytes: size(MIB, "Size of the log of one environment's service manager; two full ones are kept.", {
    least: 4 * KIB,
  }),
  runsAtOnce: count(20, 'Commands (the word `run`) that run at once, of everybody.', { most: 10_000 }),
  auditLines: count(100_000, 'Decisions about who may do what that are kept (the word `audit`); the oldest go.', {
    least: 100,
    most: 100_000_000,
  }),
  ssh: {
    loginTime: time(20 * SECOND, 'How long a connection may take to log in.', { least: 100 }),
    loginAttempts: count(30, 'Keys that one connection may offer or sign with.'),
    connections: count(200, 'Connections at once, of everybody.'),
    connectionsPerAddress: count(20, 'Connections at once from one address (an IPv6 /64 counts as one).'),
    unauthenticated: count(100, 'Connections at once that have not logged in yet.'),
    channelsPerConnection: count(10, 'Sessions at once within one connection.', { most: 1000 }),
  },
  frontDoor: {
    maxConnections: count(4096, 'Connections at once, of everybody.'),
    maxRequests: count(512, 'Requests at once for one environment.'),
    headTimeout: time(15 * SECOND, 'How long the head of a request may take.'),
    bodyTimeout: time(MINUTE, 'How long a request may stand still while it sends its body.'),
    answerTimeout: time(2 * MINUTE, 'How long an environment may take to begin its answer.'),
    closeTimeout: time(5 * SECOND, 'How long requests on their way get when the receiver ends.'),
  },
} as const

/** The values of a table: a number for each limit. */
export type Values<T> = { readonly [K in keyof T]: T[K] extends Limit ? number : Values<T[K]> }

/** Times in milliseconds, sizes in bytes. */
export type Limits = Values<typeof limitTable>

export const defaultLimits: Limits = valuesOf(limitTable)

/** True for one limit, false for a group of them. */
export function isLimit(entry: object): entry is Limit {
  return 'unit' in entry
}

function valuesOf<T extends object>(table: T): Values<T> {
  const entries = Object.entries(table).map(([name, entry]) => [name, isLimit(entry) ? entry.value : valuesOf(entry)])
  return Object.fromEntries(entries) as Values<T>
}
