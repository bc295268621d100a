// The program that starts processes for the receiver, in a process of its own: fork(2) copies the page tables of whoever calls it,
// and the receiver has many times as many pages as this. Its orders come over Node's channel; pipes are sockets to the receiver.
import { type ChildProcess, spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { descendants, end, processes } from './proc.ts'

/** What is to be started. `stdio` is of the descriptors 0, 1 and 2. */
export interface Order {
  readonly id: number
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly stdio: readonly ('pipe' | 'ignore')[]
  readonly detached: boolean
}

/** Where the receiver takes the other ends of pipes, and the word by which it knows whose they are. */
export interface Door {
  readonly path: string
  readonly token: string
}

/** What became of an order. */
export type News =
  | { readonly id: number; readonly pid: number }
  | { readonly id: number; readonly failed: string }
  | { readonly id: number; readonly code: number | null; readonly signal: NodeJS.Signals | null }

/** What a pipe says first: whose it is. Always of the same length. */
export function greeting(token: string, id: number, fd: number): string {
  return `${token}${id.toString(16).padStart(8, '0')}${fd}\n`
}

if (process.send !== undefined && import.meta.main) serve()

function serve(): void {
  let door: Door | null = null
  // What nobody can hear any more is no error: `disconnect` comes next.
  const tell = (news: News) => void process.send?.(news, () => undefined)
  // Whoever asked is gone, and everything that was started for it goes with it.
  process.on('disconnect', () => {
    endAll()
    process.exit()
  })
  process.on('message', (message: Door | Order) => {
    if ('token' in message) {
      door = message
      return
    }
    if (door !== null)
      launch(message, door, tell).catch((error: unknown) => tell({ id: message.id, failed: String(error) }))
  })
}

/**
 * Asked to end with their parent (prctl(2), PR_SET_PDEATHSIG), processes would mostly do so; but a bwrap asks late, and its inner half
 * lives on when the outer one is killed before. From here the whole tree can still be seen.
 */
function endAll(): void {
  for (let looks = 0; looks < 10; looks++) {
    const left = descendants(process.pid, processes()).filter((pid) => pid !== process.pid)
    if (left.length === 0) return
    for (const pid of left) end(pid)
  }
}

async function launch(order: Order, door: Door, tell: (news: News) => void): Promise<void> {
  const ends = await Promise.all(order.stdio.map((kind, fd) => (kind === 'pipe' ? pipe(order.id, fd, door) : kind)))
  const [file, ...args] = order.argv
  const child = spawn(file, args, {
    ...{ env: { ...order.env }, stdio: ends, detached: order.detached },
    ...(order.cwd === undefined ? {} : { cwd: order.cwd }),
  })
  watch(child, order.id, tell)
  for (const end of ends) if (typeof end !== 'string') end.destroy()
}

function watch(child: ChildProcess, id: number, tell: (news: News) => void): void {
  child.once('spawn', () => tell({ id, pid: child.pid ?? 0 }))
  child.once('error', (error) => tell({ id, failed: error.message }))
  child.once('exit', (code, signal) => tell({ id, code, signal }))
}

function pipe(id: number, fd: number, { path, token }: Door): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const socket = connect(path)
  socket.once('error', reject)
  // Nothing is read here: what comes is the child's.
  socket.pause()
  socket.once('connect', () => socket.write(greeting(token, id, fd), () => resolve(socket)))
  return promise
}
