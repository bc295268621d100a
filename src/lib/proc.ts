// What proc(5) says about processes: parents, command lines, and which of them listen on TCP ports.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface Process {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

/** Every process that can be seen now. Processes that end meanwhile are left out. */
export function processes(): Process[] {
  return pids().flatMap((pid) => {
    const stat = read(`/proc/${pid}/stat`)
    // The command name is in parentheses and may contain anything, so count from the last one.
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (!fields?.[1]) return []
    return [{ pid, parent: Number(fields[1]), command: read(`/proc/${pid}/cmdline`) ?? '' }]
  })
}

/** A process and all its descendants, by number. */
export function descendants(root: number, all: readonly Process[]): number[] {
  const children = Map.groupBy(all, (process) => process.parent)
  const found: number[] = []
  const queue = [root]
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    found.push(pid)
    for (const child of children.get(pid) ?? []) queue.push(child.pid)
  }
  return found
}

/** Whether a directory is mounted in a process's own mount namespace: something no other environment can imitate. */
export function seesMount(pid: number, directory: string): boolean {
  const mounts = read(`/proc/${pid}/mountinfo`) ?? ''
  return mounts.split('\n').some((line) => line.split(' ')[4] === directory)
}

/** TCP ports on which one of these processes listens, in this network namespace or its own. */
export function listeningPorts(pidsToLookAt: readonly number[]): number[] {
  const ports = new Set<number>()
  const tables = new Map<string, Map<string, number>>()
  for (const pid of pidsToLookAt) {
    const namespace = link(`/proc/${pid}/ns/net`)
    if (namespace === null) continue
    const table = tables.get(namespace) ?? listeningSockets(pid)
    tables.set(namespace, table)
    for (const inode of socketInodes(pid)) {
      const port = table.get(inode)
      if (port !== undefined) ports.add(port)
    }
  }
  return [...ports].sort((a, b) => a - b)
}

const listenState = '0A'

function listeningSockets(pid: number): Map<string, number> {
  const found = new Map<string, number>()
  for (const file of ['tcp', 'tcp6']) {
    for (const line of (read(`/proc/${pid}/net/${file}`) ?? '').split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      const [local, state, inode] = [fields[1], fields[3], fields[9]]
      if (local && state === listenState && inode) found.set(inode, Number.parseInt(local.split(':')[1] ?? '0', 16))
    }
  }
  return found
}

function socketInodes(pid: number): string[] {
  let names: string[]
  try {
    names = readdirSync(`/proc/${pid}/fd`)
  } catch {
    return []
  }
  return names.flatMap((name) => {
    const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${name}`) ?? '')?.[1]
    return inode ? [inode] : []
  })
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
