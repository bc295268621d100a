// A real `hostenv serve` in a process and a directory of its own, with a private Nix store, for one test.
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Ran, type RunOptions, run, start } from '../../src/lib/spawn.ts'
import { type Key, makeKey, sshArgv } from './keys.ts'
import { processesOf } from './leftovers.ts'
import { cleanEnv, exactly, hostenv, root } from './programs.ts'
import { type Ending, tempDir } from './temp-dir.ts'

export interface ReceiverOptions {
  /** More flags of `serve`. */
  readonly args?: readonly string[]
  /** Starts test/helpers/serve-with-faults.ts instead, with this in `HOSTENV_FAULTS`. Kept by `restart` only when named there. */
  readonly faults?: string
  /** Called before its first start, with directories that do not exist yet. */
  readonly before?: (directories: { readonly stateDir: string; readonly runtimeDir: string }) => Promise<void>
  /** The test has it fall by a fault of its own; whatever else lets a receiver fall fails the test. */
  readonly falls?: boolean
  /** More variables for the daemon. */
  readonly env?: Readonly<Record<string, string>>
}

interface Ready {
  readonly pid: number
  readonly ssh: { readonly host: string; readonly port: number }
  readonly http: { readonly host: string; readonly port: number }
}

export interface Receiver {
  /** Holds everything of this receiver: `state`, `run`, `home`, `serve.log`, keys. */
  readonly directory: string
  readonly stateDir: string
  readonly runtimeDir: string
  readonly home: string
  /** The administrator's. */
  readonly key: Key
  readonly pid: number
  readonly sshPort: number
  readonly httpPort: number
  /** Runs one word over SSH: `ssh('envs', '--json')`. */
  ssh(...words: string[]): Promise<Ran>
  sshAs(key: Key, words: readonly string[], options?: RunOptions): Promise<Ran>
  /** The ssh client's command line with that key, as git's GIT_SSH_COMMAND wants it. */
  sshCommand(key?: Key): string
  /** The ssh client's command line with the administrator's key, up to the destination: a word follows. */
  readonly sshArgv: readonly [string, ...string[]]
  /** `ssh://…/org/project.git` */
  url(project: string): string
  /** Everything that the daemon wrote so far, over restarts. */
  log(): string
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number | null>
  kill9(): Promise<void>
  /** Stops it when it still runs, and starts it again on the same ports. */
  restart(options?: ReceiverOptions): Promise<void>
}

/** How a process ends that Node, V8 or a native part gives up. */
const crashes = ['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGTRAP']

/** Starts a receiver and waits until it accepts connections. Whatever it leaves is ended and removed with the test. */
export async function startReceiver(t: Ending, options: ReceiverOptions = {}): Promise<Receiver> {
  const directory = tempDir(t, 'r')
  const [stateDir, runtimeDir, home] = ['state', 'run', 'home'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ]
  mkdirSync(home)
  const key = await makeKey(directory, 'admin')
  const logFile = join(directory, 'serve.log')
  let daemon: { pid: number; ended: Promise<number | null>; running: boolean; ready: Ready } | undefined
  let fell: string | null = null

  async function serve({ args = [], faults, env = {} }: ReceiverOptions) {
    const entry = faults === undefined ? 'src/bin.ts' : 'test/helpers/serve-with-faults.ts'
    const where = [
      '--state',
      stateDir,
      '--runtime',
      runtimeDir,
      '--admin-key',
      key.publicFile,
      '--nix-store',
      'private',
    ]
    const last = daemon?.ready
    const ports = ['--ssh', `127.0.0.1:${last?.ssh.port ?? 0}`, '--http', `127.0.0.1:${last?.http.port ?? 0}`]
    const log = openSync(logFile, 'a')
    const child = start(
      {
        ...exactly(['node', join(root, entry), 'serve', ...where, ...ports, ...args], {
          ...cleanEnv(home),
          ...env,
          ...(faults === undefined ? {} : { HOSTENV_FAULTS: faults }),
        }),
        cwd: directory,
      },
      ['ignore', log, log],
    )
    closeSync(log)
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => {
        if (
          daemon?.pid === child.pid &&
          faults === undefined &&
          !options.falls &&
          (code === 1 || crashes.includes(signal ?? ''))
        )
          fell = `hostenv serve ended by itself (${code ?? signal}):\n${readFileSync(logFile, 'utf8').slice(-8000)}`
        resolve(code)
      })
    })
    const started = { pid: child.pid ?? 0, ended, running: true }
    ended.finally(() => {
      started.running = false
      if (daemon?.pid === started.pid) daemon.running = false
    })
    const ready = await waitUntilReady(join(stateDir, 'ready.json'), started, () => readFileSync(logFile, 'utf8'))
    daemon = { ...started, ended, ready }
  }

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    if (daemon === undefined || !daemon.running) return null
    process.kill(daemon.pid, signal)
    return daemon.ended
  }

  t.teardown(async () => {
    const gone = await Promise.race([end('SIGTERM').then(() => true), sleep(15_000, false, { ref: false })])
    if (!gone) await end('SIGKILL')
    if (existsSync(stateDir)) await hostenv(['down', '--state', stateDir, '--runtime', runtimeDir], home)
    for (const { pid } of processesOf(directory)) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It ended by itself.
      }
    }
    if (fell === null) return
    // Not thrown: what else is to be taken down would stay.
    console.error(fell)
    process.exitCode = 1
  })
  await options.before?.({ stateDir, runtimeDir })
  await serve(options)

  const ready = () => {
    if (daemon === undefined) throw new Error('the receiver does not run')
    return daemon.ready
  }
  const sshWith = (as: Key) => sshArgv(as, join(directory, 'known_hosts'))
  const receiver: Receiver = {
    directory,
    stateDir,
    runtimeDir,
    home,
    key,
    get pid() {
      return ready().pid
    },
    get sshPort() {
      return ready().ssh.port
    },
    get httpPort() {
      return ready().http.port
    },
    ssh: (...words) => receiver.sshAs(key, words),
    sshAs: (as, words, more) =>
      run(
        { argv: [...sshWith(as), '-p', `${ready().ssh.port}`, 'hostenv@127.0.0.1', ...words], env: cleanEnv(home) },
        { timeout: 60_000, ...more },
      ),
    get sshArgv() {
      return [...sshWith(key), '-p', `${ready().ssh.port}`, 'hostenv@127.0.0.1'] as [string, ...string[]]
    },
    sshCommand: (as = key) => sshWith(as).join(' '),
    url: (project) => `ssh://hostenv@127.0.0.1:${ready().ssh.port}/${project}.git`,
    log: () => readFileSync(logFile, 'utf8'),
    stop: () => end('SIGTERM'),
    kill9: async () => void (await end('SIGKILL')),
    restart: async (again = {}) => {
      await end('SIGTERM')
      await serve(again)
    },
  }
  return receiver
}

async function waitUntilReady(file: string, child: { pid: number; running: boolean }, log: () => string) {
  const deadline = Date.now() + 60_000
  while (Date.now() < deadline) {
    const ready = readReady(file)
    if (ready?.pid === child.pid) return ready
    if (!child.running) throw new Error(`hostenv serve ended before it was ready:\n${log()}`)
    await sleep(20)
  }
  throw new Error(`hostenv serve was not ready within 60 s:\n${log()}`)
}

function readReady(file: string): Ready | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Ready
  } catch {
    return undefined
  }
}
