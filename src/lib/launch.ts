// Starts processes by way of a launcher (lib/launcher.ts) where one was opened, and otherwise from this process.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { type Door, greeting, type News, type Order } from './launcher.ts'

/** A process as both ways give it. `close` comes once it has ended and all of its output is read. */
export interface Child {
  readonly pid?: number | undefined
  readonly stdin: ChildProcess['stdin']
  readonly stdout: ChildProcess['stdout']
  readonly stderr: ChildProcess['stderr']
  readonly exitCode: number | null
  readonly signalCode: NodeJS.Signals | null
  once(event: 'exit' | 'close', listener: (code: number | null, signal: NodeJS.Signals | null) => void): unknown
  /** Whether this process stays for its sake. */
  ref(): void
  unref(): void
}

/** What is to be started. A detached one has a process group of its own. */
export type Wanted = Omit<Order, 'id'>

let launcher: Launcher | null = null

/** Starts a process; resolves when it runs. Throws an Error that says why it cannot be started. */
export async function launch(wanted: Wanted): Promise<Child> {
  const child = launcher === null ? await here(wanted) : await launcher.launch(wanted)
  // Killed by somebody: what it had just started may not notice (one half of a bwrap in its first milliseconds), and would stay.
  if (wanted.detached) child.once('exit', (_, signal) => (signal === null ? undefined : endGroup(child)))
  return child
}

/** Whether a child has not ended yet, as far as anybody heard. */
export function runs({ exitCode, signalCode }: Child): boolean {
  return exitCode === null && signalCode === null
}

/** Ends a detached child with its whole process group, at once. Does nothing when all of it has ended. */
export function endGroup(child: Pick<Child, 'pid'>): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

/**
 * Opens the launcher for all of this process. `path`: of its socket, in a directory that is this user's alone. Dispose of it to
 * start processes from here again; what it started ends then, as it does when this process ends, however that happens.
 */
export async function openLauncher(path: string): Promise<AsyncDisposable> {
  const opened = await Launcher.open(path)
  launcher = opened
  return {
    async [Symbol.asyncDispose]() {
      if (launcher === opened) launcher = null
      await opened.close()
    },
  }
}

async function here({ argv: [file, ...args], env, cwd, stdio, detached }: Wanted): Promise<Child> {
  const child = spawn(file, args, {
    env: { ...env },
    stdio: [...stdio],
    detached,
    ...(cwd === undefined ? {} : { cwd }),
  })
  const { promise, resolve, reject } = Promise.withResolvers<Child>()
  child.once('spawn', () => resolve(child))
  child.once('error', (error) => reject(cannotStart(file, error.message)))
  return await promise
}

function cannotStart(file: string, why: string): Error {
  return new Error(`cannot start ${file}: ${why}`)
}

class Launched extends EventEmitter implements Child {
  pid: number | undefined
  stdin: Child['stdin'] = null
  stdout: Child['stdout'] = null
  stderr: Child['stderr'] = null
  exitCode: number | null = null
  signalCode: NodeJS.Signals | null = null
  readonly running = Promise.withResolvers<void>()
  readonly #pipes: Promise<unknown>[]
  readonly #arrivals = new Map<number, (socket: Socket) => void>()
  readonly #closed: Promise<unknown>[] = []

  constructor(stdio: Wanted['stdio']) {
    super()
    this.#pipes = stdio.flatMap((kind, fd) => {
      if (kind === 'ignore') return []
      const { promise, resolve } = Promise.withResolvers<Socket>()
      this.#arrivals.set(fd, resolve)
      return [promise]
    })
  }

  /** A pipe is there. */
  take(fd: number, socket: Socket): void {
    const arrive = this.#arrivals.get(fd)
    if (arrive === undefined) return void socket.destroy()
    this.#arrivals.delete(fd)
    socket.on('error', () => undefined)
    this.#closed.push(new Promise((resolve) => socket.once('close', resolve)))
    if (fd === 0) this.stdin = socket
    else if (fd === 1) this.stdout = socket
    else this.stderr = socket
    arrive(socket)
  }

  async runs(pid: number): Promise<void> {
    this.pid = pid
    await Promise.all(this.#pipes)
    this.running.resolve()
  }

  /** Told only once it runs, to who has had the time to listen. */
  async ended(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    const runs = await this.running.promise.then(
      () => true,
      () => false,
    )
    if (!runs) return
    setImmediate(() => {
      this.exitCode = code
      this.signalCode = signal
      this.emit('exit', code, signal)
      this.stdin?.destroy()
      // As child_process does: output that nobody reads keeps nobody waiting.
      for (const output of [this.stdout, this.stderr]) if (output?.readableFlowing === null) output.resume()
      void Promise.all(this.#closed).then(() => this.emit('close', code, signal))
    })
  }

  ref(): void {}
  unref(): void {}
}

const head = greeting('0'.repeat(32), 0, 0).length

class Launcher {
  readonly #door: Door
  readonly #server: Server
  readonly #children = new Map<number, Launched>()
  #process: ChildProcess
  #ids = 0
  #closing = false

  static async open(path: string): Promise<Launcher> {
    await rm(path, { force: true })
    const server = createServer({ pauseOnConnect: true })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen(path, resolve)
    await promise
    return new Launcher(server, { path, token: randomBytes(16).toString('hex') })
  }

  constructor(server: Server, door: Door) {
    this.#server = server
    this.#door = door
    server.on('connection', (socket) => this.#greet(socket))
    this.#process = this.#start()
  }

  async launch(wanted: Wanted): Promise<Child> {
    const id = ++this.#ids % 0xffff_ffff
    const child = new Launched(wanted.stdio)
    this.#children.set(id, child)
    try {
      this.#process.send({ ...wanted, id } satisfies Order)
      await child.running.promise
      return child
    } catch (error) {
      this.#children.delete(id)
      throw cannotStart(wanted.argv[0], error instanceof Error ? error.message : String(error))
    }
  }

  async close(): Promise<void> {
    this.#closing = true
    const gone = new Promise((resolve) => this.#process.once('exit', resolve))
    if (this.#process.connected) this.#process.disconnect()
    await gone
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    await promise
  }

  #start(): ChildProcess {
    const file = new URL(import.meta.url.endsWith('.ts') ? 'launcher.ts' : 'launcher.js', import.meta.url).pathname
    // Little memory is what it is for. A session of its own: what ends this process's group is not meant for it.
    const started = spawn(process.execPath, ['--max-old-space-size=32', '--max-semi-space-size=1', file], {
      ...{ env: {}, stdio: ['ignore', 'ignore', 'inherit', 'ipc'], detached: true },
    })
    started.on('message', (news: News) => this.#hear(news))
    started.on('error', () => undefined)
    started.once('exit', () => {
      // What it started is lost to us; who waits for that has to know, and what comes next needs another one.
      for (const [id, child] of this.#children) {
        child.running.reject(new Error('the launcher ended'))
        void this.#end(id, child, null, 'SIGKILL')
      }
      if (!this.#closing) this.#process = this.#start()
    })
    started.send(this.#door)
    return started
  }

  #hear(news: News): void {
    const child = this.#children.get(news.id)
    if (child === undefined) return
    if ('pid' in news) void child.runs(news.pid)
    else if ('failed' in news) child.running.reject(new Error(news.failed))
    else void this.#end(news.id, child, news.code, news.signal)
  }

  // Its pipes may come later than its end.
  async #end(id: number, child: Launched, code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    await child.ended(code, signal)
    this.#children.delete(id)
  }

  // Whose it is, it says in its first bytes.
  #greet(socket: Socket): void {
    socket.on('error', () => undefined)
    const look = () => {
      const said = socket.read(head) as Buffer | null
      if (said === null) return
      socket.off('readable', look)
      const text = said.toString('latin1')
      const id = Number.parseInt(text.slice(32, 40), 16)
      const child = this.#children.get(id)
      if (text !== greeting(this.#door.token, id, Number(text[40])) || child === undefined) socket.destroy()
      else child.take(Number(text[40]), socket)
    }
    socket.on('readable', look)
  }
}
