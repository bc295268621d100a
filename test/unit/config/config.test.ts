import { join } from 'node:path'
import t from 'tap'
import { directories, isLoopback, reachedAs, type ServeFlags, toConfig } from '../../../src/config/config.ts'
import type { Env } from '../../../src/config/env.ts'

const env: Env = {
  home: '/home/alice',
  path: '/usr/bin',
  stateHome: undefined,
  runtimeDir: '/run/user/7',
  user: 'alice',
}

t.test('without flags everything has a default', async (t) => {
  t.match(toConfig({}, env), {
    stateDir: '/home/alice/.local/state/hostenv',
    runtimeDir: '/run/user/7/hostenv',
    ssh: { host: '127.0.0.1', port: 2222 },
    http: { host: '127.0.0.1', port: 8080 },
    adminKeyFiles: [],
    domain: 'localhost',
    nix: { store: 'auto', packages: null, allowUnsandboxedBuilds: false },
    host: { kind: 'local', trustProjects: false },
  })
})

const accepted: [ServeFlags, object][] = [
  [{ ssh: '[::1]:0' }, { ssh: { host: '::1', port: 0 } }],
  [{ ssh: 'localhost:22' }, { ssh: { host: 'localhost', port: 22 } }],
  [{ ssh: '0.0.0.0:22', adminKey: ['/k.pub'] }, { adminKeyFiles: ['/k.pub'] }],
  [{ http: '0.0.0.0:80' }, { http: { host: '0.0.0.0', port: 80 } }],
  [{ domain: 'apps.example.org' }, { domain: 'apps.example.org' }],
  [{ nixStore: 'private' }, { nix: { store: 'private' } }],
]
for (const [flags, wanted] of accepted)
  t.test(`${JSON.stringify(flags)} is taken`, async (t) => t.match(toConfig(flags, env), wanted))

const refused: [ServeFlags, RegExp][] = [
  [{ ssh: '0.0.0.0:22' }, /reachable by others: name the administrators with --admin-key/],
  [{ ssh: '[::]:22' }, /--admin-key/],
  [{ ssh: '127.0.0.1.evil.example:22' }, /--admin-key/],
  [{ ssh: '2222' }, /--ssh takes HOST:PORT/],
  [{ ssh: '127.0.0.1:65536' }, /--ssh takes HOST:PORT/],
  [{ http: 'a b:1' }, /--http takes HOST:PORT/],
  [{ domain: 'Example.org' }, /--domain takes a host name/],
  [{ domain: 'a..b' }, /--domain/],
  [{ nixStore: 'mine' }, /--nix-store takes auto, machine or private/],
  [{ runtime: `/${'r'.repeat(53)}` }, /too long for sockets: name one of at most 53 bytes with --runtime/],
]
for (const [flags, why] of refused)
  t.test(`${JSON.stringify(flags).slice(0, 50)} is refused in one sentence`, async (t) => {
    t.throws(() => toConfig(flags, env), { message: why })
    t.throws(() => toConfig(flags, env), { message: /^[^\n]+$/ })
  })

t.test('directories follow the flags, then XDG, then the home', async (t) => {
  t.equal(directories({ state: '/s' }, env).stateDir, '/s')
  t.equal(directories({}, { ...env, stateHome: '/x' }).stateDir, join('/x', 'hostenv'))
  t.equal(directories({ runtime: `/${'r'.repeat(52)}` }, env).runtimeDir.length, 53)
  const own = process.getuid?.() === 0 ? '/run/hostenv' : `/tmp/hostenv-${process.getuid?.()}`
  t.equal(directories({}, { ...env, runtimeDir: undefined }).runtimeDir, own)
})

t.test('loopback is what only this machine reaches', async (t) => {
  for (const host of ['localhost', '::1', '127.0.0.1', '127.9.9.9']) t.ok(isLoopback(host), host)
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example', '']) t.notOk(isLoopback(host), host)
})

t.test('an address that means all of the machine is reached by the domain', async (t) => {
  for (const host of ['0.0.0.0', '::', '::0', '0:0:0:0:0:0:0:0'])
    t.equal(reachedAs({ host }, 'apps.example.org'), 'apps.example.org', host)
  for (const host of ['127.0.0.1', '::1', '10.0.0.10', 'git.example.org'])
    t.equal(reachedAs({ host }, 'apps.example.org'), host)
})
