// One environment's directories, its s6-svscan in a sandbox with a pid namespace, and `activate` run beside it by hand.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { descendants, processes } from '../../src/lib/proc.ts'
import { accounts, sandboxUid } from '../../src/lib/sandbox.ts'
import { type Ran, run, start } from '../../src/lib/spawn.ts'
import type { Store } from './private-store.ts'

export interface Tree {
  readonly directory: string
  startSvscan(): Promise<void>
  stopSvscan(): Promise<void>
  /** Runs bin/activate of a package; stdout is its report. `kill` ends it with SIGKILL after that many milliseconds. */
  activate(out: string, more?: { env?: Record<string, string>; kill?: number }): Promise<Ran>
  /** Pid of a process inside the tree's namespace; null when it is not up. */
  pid(name: string): Promise<number | null>
  running(name: string): Promise<number>
  /** Every process of the tree, as numbered outside of its namespace. */
  processes(): Promise<number[]>
  log(name: string): string
  sh(script: string): Promise<Ran>
  get(): Promise<string>
}

/** Makes the directories of an environment, below `directory`; its tree is ended when the test ends. */
export function serviceTree(t: Test, store: Store, directory = mkdtempSync(join(store.directory, 'env-'))): Tree {
  const dir = (name: string) => join(directory, name)
  for (const name of ['run/s6/scan', 'up', 'data', 'state', 'cache', 'home']) mkdirSync(dir(name), { recursive: true })
  const facts = {
    PATH: '/usr/bin:/bin',
    HOME: dir('home'),
    HOSTENV_ENVIRONMENT: 'main',
    HOSTENV_HOSTNAME: 'main.localhost',
    HOSTENV_MANAGER: 's6',
    HOSTENV_RUNTIME_DIR: dir('run'),
    HOSTENV_UPSTREAM_DIR: dir('up'),
    HOSTENV_DATA_DIR: dir('data'),
    HOSTENV_STATE_DIR: dir('state'),
    HOSTENV_CACHE_DIR: dir('cache'),
  }
  const node = dirname(realpathSync(process.execPath))
  const names = join(store.directory, 'accounts')
  mkdirSync(names, { recursive: true })
  for (const [file, text] of Object.entries(accounts)) writeFileSync(join(names, file), text)
  const sandbox = (...argv: string[]): [string, ...string[]] => [
    'bwrap',
    // Databases refuse to run as root, and ask for the name of their user.
    ...['--unshare-user', '--uid', String(sandboxUid), '--gid', String(sandboxUid)],
    ...['--ro-bind', join(names, 'passwd'), '/etc/passwd', '--ro-bind', join(names, 'group'), '/etc/group'],
    ...['--unshare-pid', '--die-with-parent', '--ro-bind', '/usr', '/usr', '--symlink', 'usr/bin', '/bin'],
    ...['--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64', '--proc', '/proc', '--dev', '/dev'],
    ...['--symlink', 'usr/sbin', '/sbin', '--ro-bind-try', '/etc/alternatives', '/etc/alternatives'],
    ...['--tmpfs', '/tmp', '--ro-bind', node, node, '--ro-bind', process.execPath, process.execPath],
    ...['--bind', directory, directory, '--ro-bind', store.real('/nix/store'), '/nix/store'],
    // tap gives every child of a test NODE_OPTIONS that name a file which the environment cannot see.
    ...['--unsetenv', 'NODE_OPTIONS', ...argv],
  ]
  let svscan: ChildProcess | undefined

  const tree: Tree = {
    directory,
    async startSvscan() {
      svscan = start({ argv: sandbox('s6-svscan', '-d', '3', dir('run/s6/scan')), env: facts }, [
        ...(['ignore', 'ignore', 'ignore', 'pipe'] as const),
      ])
      await once(svscan.stdio[3] as NonNullable<(typeof svscan.stdio)[3]>, 'data')
    },
    async stopSvscan() {
      if (svscan && svscan.exitCode === null && svscan.signalCode === null) {
        svscan.kill('SIGKILL')
        await once(svscan, 'exit')
      }
    },
    activate: (out, { env = {}, kill } = {}) =>
      run(
        { argv: sandbox(`${out}/bin/activate`), env: { ...facts, ...env } },
        kill === undefined ? {} : { timeout: kill },
      ),
    sh: (script) => run({ argv: sandbox('sh', '-c', script), env: facts }),
    async pid(name) {
      const { stdout } = await tree.sh(`s6-svstat -o up,pid "$HOSTENV_RUNTIME_DIR/s6/service/${name}"`)
      return stdout.startsWith('true ') ? Number(stdout.slice(5)) : null
    },
    async running(name) {
      for (let tries = 0; tries < 100; tries++, await sleep(20)) {
        const pid = await tree.pid(name).catch(() => null)
        if (pid !== null) return pid
      }
      throw new Error(`${name} does not come up: ${tree.log(name)}`)
    },
    processes: async () => descendants(svscan?.pid ?? 0, processes()),
    log(name) {
      const file = join(directory, 'state/log', name, 'current')
      return existsSync(file) ? readFileSync(file, 'utf8') : ''
    },
    async get() {
      for (let tries = 0; ; tries++, await sleep(20)) {
        const answer = await fetchSocket(dir('up/in.sock')).catch((error) => error as Error)
        if (typeof answer === 'string' || tries === 150) return String(answer)
      }
    },
  }
  t.teardown(tree.stopSvscan)
  return tree
}

/** Packages of small shell processes: name -> script, and further lines of the module. */
export const shellProcesses =
  (store: Store) =>
  async (commands: Record<string, string>, more = '') => {
    const lines = Object.entries(commands).map(
      ([name, script]) => `processes.${name}.command = [ "/bin/sh" "-c" ${JSON.stringify(script)} ];`,
    )
    const text = `{ environments.main = { }; ${lines.join('\n')} ${more} }`
    return await store.package(await store.project(null, { '.hostenv/hostenv.nix': text }), { ref: 'main' })
  }

/** The process that a service directory is the definition of: a path of the store. */
export const definition = (tree: Tree, name: string): string =>
  dirname(readlinkSync(join(tree.directory, 'run/s6/service', name, 'definition')))

function fetchSocket(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/' }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text) => {
        body += text
      })
      response.on('end', () => resolve(body))
    })
    asked.on('error', reject).end()
  })
}
