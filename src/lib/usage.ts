// What a group of processes uses together, and which limit that is over. The kernel limits each process by itself, and does not
// count those of root (setrlimit(2)): the sum is the receiver's to look at.
import { readFileSync, statfsSync, statSync } from 'node:fs'

/** One limit: its value, and the setting that an operator changes it with. */
export interface Bound {
  readonly most: number
  readonly setting: string
}

/** What a group may use together: processes, and bytes of memory. */
export interface Bounds {
  readonly processes: Bound
  readonly memory?: Bound
}

/** Says what of `bounds` the processes are over, as a clause without a full stop; null when they keep to all. */
export function overuse(pids: readonly number[], { processes, memory }: Bounds): string | null {
  if (pids.length > processes.most)
    return `${pids.length} processes ran at once; at most ${processes.most} may (limits.${processes.setting})`
  if (memory === undefined) return null
  // Pages that several processes share count once for each here, so what looks like too much is looked at again.
  const files = temporaryFiles(pids)
  if (together(pids, wholePages, files) <= memory.most) return null
  const used = together(pids, proportionalPages, files)
  if (used <= memory.most) return null
  return `${mebibytes(used)} of memory were in use; at most ${mebibytes(memory.most)} may be (limits.${memory.setting})`
}

/** Bytes of one process: its own, and those in memory that several may write to (mmap(2), MAP_SHARED). */
interface Pages {
  readonly own: number
  readonly shared: number
}

// Files in memory that are mapped too are in both: the larger of the two counts, so that nobody is ended for one file twice.
function together(pids: readonly number[], of: (pid: number) => Pages, files: number): number {
  const all = pids.map(of)
  const sum = (what: keyof Pages) => all.reduce((bytes, pages) => bytes + pages[what], 0)
  return sum('own') + Math.max(files, sum('shared'))
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`
}

// Those in the swap too; no files of a disk that are only mapped (proc(5), /proc/pid/status).
function wholePages(pid: number): Pages {
  const text = read(`/proc/${pid}/status`)
  return { own: fields(text, ['RssAnon', 'VmSwap']), shared: fields(text, ['RssShmem']) }
}

// Each page divided by the number of processes that have it. Dearer to ask for.
function proportionalPages(pid: number): Pages {
  const text = read(`/proc/${pid}/smaps_rollup`)
  if (!text.includes('\nPss_Anon:')) return wholePages(pid)
  return { own: fields(text, ['Pss_Anon', 'SwapPss']), shared: fields(text, ['Pss_Shmem']) }
}

function fields(text: string, names: readonly string[]): number {
  return (
    names.reduce((bytes, name) => bytes + Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0), 0) *
    1024
  )
}

/** Where a sandbox has file systems in memory. */
const inMemory = ['tmp', 'home', 'dev']

// Files in memory belong to a sandbox, whichever of its processes wrote them.
function temporaryFiles(pids: readonly number[]): number {
  const inside = pids.at(-1)
  if (inside === undefined) return 0
  return inMemory.reduce((bytes, name) => {
    try {
      const seen = `/proc/${inside}/root/${name}`
      // The host's own: this process is not in a sandbox.
      if (statSync(seen).dev === statSync(`/${name}`, { throwIfNoEntry: false })?.dev) return bytes
      const { blocks, bfree, bsize, type } = statfsSync(seen)
      return type === TMPFS ? bytes + (blocks - bfree) * bsize : bytes
    } catch {
      // It ended meanwhile.
      return bytes
    }
  }, 0)
}

/** statfs(2) */
const TMPFS = 0x01021994

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
