// One environment on a test host: its directories, `activate` as the lingering user, and what systemd then says.
import { chownSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Ran } from '../../src/lib/spawn.ts'
import type { Store } from '../nix/private-store.ts'
import { shop, type TestHost, testHost } from './host.ts'

export interface Environment {
  readonly host: TestHost
  readonly variables: Readonly<Record<string, string>>
  activate(out: string, more?: { env?: Record<string, string>; kill?: number }): Promise<Ran>
  /** `systemctl --user` with these arguments; its output. */
  ctl(...args: string[]): Promise<string>
  /** The main process of a unit (`hostenv-NAME.service`), or 0. */
  pid(name: string): Promise<number>
  /** What the process wrote, oldest first. */
  log(name: string): Promise<string>
  sh(script: string): Promise<Ran>
  /** The answer to GET / at the environment's socket, once there is one. */
  get(path?: string): Promise<string>
}

/** Boots a host for one environment; all of it ends with the test. */
export async function environmentOn(t: Test, store: Store): Promise<Environment> {
  const node = dirname(process.execPath)
  const host = await testHost(t, { '/nix/store': store.real('/nix/store'), [node]: node })
  // As a provider lays out an environment: its directories are the user's, and its upstream directory is below /srv.
  const variables: Record<string, string> = {
    PATH: '/usr/bin:/bin',
    HOME: '/srv/home',
    USER: shop.name,
    HOSTENV_ENVIRONMENT: 'main',
    HOSTENV_MANAGER: 'systemd',
    HOSTENV_RUNTIME_DIR: '/srv/run',
    HOSTENV_UPSTREAM_DIR: '/srv/up',
    HOSTENV_DATA_DIR: '/srv/data',
    HOSTENV_STATE_DIR: '/srv/state',
    HOSTENV_CACHE_DIR: '/srv/cache',
    XDG_CONFIG_HOME: '/srv/home/.config',
  }
  for (const name of ['home', 'run', 'up', 'data', 'state', 'cache']) {
    const path = join(host.root, 'srv', name)
    mkdirSync(path, { recursive: true })
    chownSync(path, shop.uid, shop.uid)
  }
  const bus = { XDG_RUNTIME_DIR: `/run/user/${shop.uid}` }
  const environment: Environment = {
    host,
    variables,
    activate: (out, { env = {}, kill } = {}) =>
      host.as([`${out}/bin/activate`], { ...variables, ...env }, kill === undefined ? {} : { timeout: kill }),
    async ctl(...args) {
      const ran = await host.as(['systemctl', '--user', ...args], bus)
      return ran.stdout
    },
    pid: async (name) => Number(await environment.ctl('show', '-P', 'MainPID', `hostenv-${name}.service`)),
    async log(name) {
      const argv = ['journalctl', '--user', '-q', '-o', 'cat', `SYSLOG_IDENTIFIER=${name}`]
      return (await host.as(argv, bus)).stdout
    },
    sh: (script) => host.as(['sh', '-c', script], variables),
    async get(path = '/') {
      const script = `require("http").get({ socketPath: process.env.HOSTENV_UPSTREAM_DIR + "/in.sock", path: "${path}" },
        (answer) => answer.pipe(process.stdout)).on("error", (error) => { console.error(error); process.exit(1) })`
      for (const last = Date.now() + 60_000; ; await sleep(100)) {
        const ran = await host.as([process.execPath, '-e', script], variables)
        if (ran.code === 0) return ran.stdout
        if (Date.now() > last) throw new Error(ran.stderr)
      }
    },
  }
  return environment
}
