// What proc(5) says about processes: parents, command lines, and which of them listen on TCP ports.
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

export interface Process {
  readonly pid: number
  readonly parent: number
  /** The first 15 bytes of the program's name; a process may give itself any other. */
  readonly name: string
  /** With its number its identity (`startedAt`). */
  readonly started: number
  /** Its words separated by NUL, read when it is asked for: there may be thousands of processes. Empty when it has ended by then. */
  readonly command: string
}

/** Every process that can be seen now. Processes that end meanwhile are left out. */
export function processes(): Process[] {
  return pids().flatMap((pid) => {
    const stat = statOf(pid)
    return stat === null ? [] : [new Seen(pid, stat)]
  })
}

class Seen implements Process {
  readonly pid: number
  readonly parent: number
  readonly name: string
  readonly started: number
  #command: string | null = null

  constructor(pid: number, { parent, name, started }: Stat) {
    this.pid = pid
    this.parent = parent
    this.name = name
    this.started = started
  }

  get command(): string {
    this.#command ??= commandOf(this.pid) ?? ''
    return this.#command
  }
}

/** The state, the parent and, as the 22nd field, the start. */
const afterName = /^\) \S (\d+) (?:\S+ ){17}(\d+) /

type Stat = Pick<Process, 'parent' | 'name' | 'started'>

// The name is in parentheses and may contain anything, so fields are counted from the last one (proc(5), /proc/pid/stat).
function statOf(pid: number): Stat | null {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === null) return null
  const end = stat.lastIndexOf(')')
  const match = afterName.exec(stat.slice(end))
  if (match === null) return null
  return { parent: Number(match[1]), started: Number(match[2]), name: stat.slice(stat.indexOf('(') + 1, end) }
}

/** The command line of a process, its words separated by NUL; null when it is gone. */
export function commandOf(pid: number): string | null {
  return read(`/proc/${pid}/cmdline`)
}

/** A process and all its descendants, by number. */
export function descendants(root: number, all: readonly Process[]): number[] {
  const children = childrenIn(all)
  const found: number[] = []
  const queue = [root]
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    found.push(pid)
    for (const child of children.get(pid) ?? []) queue.push(child.pid)
  }
  return found
}

const families = new WeakMap<readonly Process[], Map<number, Process[]>>()

// One look at the processes is asked about many of them.
function childrenIn(all: readonly Process[]): Map<number, Process[]> {
  const known = families.get(all)
  if (known !== undefined) return known
  const made = Map.groupBy(all, ({ parent }) => parent)
  families.set(all, made)
  return made
}

/**
 * Whether a process's mount namespace has this very directory mounted in its place. The path alone could be imitated in a nested
 * namespace; the file system and the place in it cannot, without having the directory (proc_pid_mountinfo(5)).
 */
export function seesMount(pid: number, directory: string): boolean {
  const path = encoded(directory)
  const real = encoded(realPath(directory))
  const own = mounts('self').filter(({ point }) => point === '/' || real === point || real.startsWith(`${point}/`))
  // The last mount of the longest path is the one that is seen.
  const home = own.reduce((best, mount) => (mount.point.length >= best.point.length ? mount : best), own[0] as Mount)
  const root = join(home.root, real.slice(home.point === '/' ? 0 : home.point.length))
  return mounts(pid).some((mount) => mount.point === path && mount.device === home.device && mount.root === root)
}

function encoded(path: string): string {
  return path.replace(/[ \t\n\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`)
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

interface Mount {
  readonly device: string
  readonly root: string
  readonly point: string
}

function mounts(pid: number | 'self'): Mount[] {
  const lines = (read(`/proc/${pid}/mountinfo`) ?? '').split('\n').filter((line) => line !== '')
  return lines.map((line) => {
    const [, , device = '', root = '', point = ''] = line.split(' ')
    return { device, root, point }
  })
}

/** Ends (SIGKILL) every process that has `file` open. */
export function endHolders(file: string): void {
  for (const pid of pids()) if (pid !== process.pid && descriptors(pid).includes(file)) end(pid)
}

/** Ends a process (SIGKILL, or `signal`); fine when it is gone already. */
export function end(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended meanwhile: that is what was wanted.
  }
}

/** When a process was started, in clock ticks since the boot (proc(5), field 22): with its number, its identity. Null when it is gone. */
export function startedAt(pid: number): number | null {
  return statOf(pid)?.started ?? null
}

/**
 * TCP ports of this process's network on which one of these processes listens. A port in a network namespace of its own is
 * nobody else's.
 * @param listeners one look (`tcpListeners()`), for who asks about many environments
 */
export function listeningPorts(pidsToLookAt: readonly number[], listeners?: ReadonlyMap<string, number>): number[] {
  const network = link('/proc/self/ns/net')
  const sockets = new Set(
    pidsToLookAt.filter((pid) => link(`/proc/${pid}/ns/net`) === network).flatMap((pid) => socketInodes(pid)),
  )
  // No list of the kernel says which of them are local ones: `/proc/net/unix` has their names as they are, with lines of their own.
  if (sockets.size === 0) return []
  const known = listeners ?? tcpListeners()
  return [...new Set([...sockets].flatMap((inode) => known.get(inode) ?? []))].sort((a, b) => a - b)
}

/** The port of every TCP socket that listens in this process's network, by its inode. Takes milliseconds: the kernel walks all it has. */
export function tcpListeners(): ReadonlyMap<string, number> {
  const lines = ['tcp', 'tcp6'].flatMap((file) => listeningLines(`/proc/self/net/${file}`))
  return new Map(
    lines.map((line) => {
      const fields = line.trim().split(/\s+/)
      return [fields[9] ?? '', Number.parseInt(fields[1]?.split(':')[1] ?? '0', 16)]
    }),
  )
}

const listenState = '0A'

/** Sockets that listen come first (net/ipv4/tcp_ipv4.c, tcp_seq_next): the thousands of a busy web server are not read. */
function listeningLines(file: string): string[] {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch {
    return []
  }
  try {
    const chunk = Buffer.alloc(4096)
    let text = ''
    for (let size = -1; size !== 0; ) {
      size = readSync(descriptor, chunk)
      text += chunk.toString('latin1', 0, size)
      const lines = text.split('\n').slice(1, -1)
      const other = lines.findIndex((line) => line.trim().split(/\s+/)[3] !== listenState)
      if (other !== -1) return lines.slice(0, other)
    }
    return text.split('\n').slice(1, -1)
  } finally {
    closeSync(descriptor)
  }
}

function socketInodes(pid: number): string[] {
  return descriptors(pid).flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? [])
}

function descriptors(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((name) => link(`/proc/${pid}/fd/${name}`) ?? [])
  } catch {
    return []
  }
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

function link(file: string): string | null {
  try {
    return readlinkSync(file)
  } catch {
    return null
  }
}
