// A test host: real systemd with a lingering user, booted in a second from this machine's own /usr (systemd.io/BUILDING_IMAGES: an OS tree
// is its /usr). /etc and /var are made here and hold nothing of the machine's. It ends with the process that booted it.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { descendants, end, processes } from '../../src/lib/proc.ts'
import { type Ran, run, start } from '../../src/lib/spawn.ts'

/** The lingering user. */
export const shop = { name: 'shop', uid: 1000 }

export interface TestHost {
  /** Its root, as seen from here. */
  readonly root: string
  /** Runs a command as the lingering user, with these variables and no others. */
  as(argv: readonly string[], env?: Record<string, string>, options?: { timeout?: number }): Promise<Ran>
  boot(): Promise<void>
  /** What a power cut does. */
  cut(): Promise<void>
}

/** False, or why there can be no test host here: what `skip` of a test takes. */
export const noHost: false | string = (() => {
  if (process.getuid?.() !== 0) return 'only root can boot a test host'
  const needed = {
    '/usr/bin/systemd-nspawn': 'systemd-container',
    '/usr/lib/systemd/systemd': 'systemd',
    '/usr/bin/dbus-daemon': 'dbus',
    '/{,usr/}lib{,64}/{,*/}security/pam_systemd.so': 'libpam-systemd',
  }
  const missing = Object.entries(needed).filter(([file]) => globSync(file).length === 0)
  return missing.length === 0 ? false : `not installed: ${missing.map(([, name]) => name).join(', ')}`
})()

const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }
const hierarchies = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup']

/** Boots a host that shows `shown` (path there -> path here) read-only. It is ended, and everything of it removed, with the test. */
export async function testHost(t: Test, shown: Readonly<Record<string, string>>): Promise<TestHost> {
  const directory = mkdtempSync(join(tmpdir(), 'hh-'))
  const root = join(directory, 'root')
  const name = `hostenv-test-${process.pid}-${directory
    .slice(-6)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, 'x')}`
  const group = hierarchies.filter((path) => existsSync(join(path, 'cgroup.procs'))).map((path) => join(path, name))
  let child: ChildProcess | undefined
  let leader = 0

  const nspawn = [
    ...['systemd-nspawn', '--quiet', `--directory=${root}`, `--machine=${name}`, '--register=no', '--keep-unit'],
    ...['--private-network', '--bind-ro=/usr', '--resolv-conf=off', '--timezone=off', '--link-journal=no'],
    ...Object.entries(shown).map(([there, here]) => `--bind-ro=${here}:${there}`),
    ...['--console=pipe', '--boot'],
  ]
  const inside = (...argv: string[]): [string, ...string[]] => ['nsenter', '-t', String(leader), '-a', '--', ...argv]

  const host: TestHost = {
    root,
    async boot() {
      const log = openSync(join(directory, 'console'), 'a')
      // A process that joins a control group writes 0; what it becomes stays there.
      const script = group.map((path) => `mkdir -p ${path} && echo 0 > ${path}/cgroup.procs && `).join('')
      // A pid namespace around it: whatever runs in there ends with its first process, and that one with this test.
      child = start(
        {
          argv: [
            ...([
              'setpriv',
              '--pdeathsig',
              'KILL',
              'unshare',
              '--pid',
              '--fork',
              '--kill-child',
              '--mount-proc',
            ] as const),
            ...['sh', '-c', `${script} mount -t tmpfs tmpfs /run && exec "$@"`, 'sh', ...nspawn],
          ],
          env,
        },
        ['ignore', log, log],
        { detached: true },
      )
      closeSync(log)
      const up = async () => {
        leader = firstProcess(child?.pid ?? 0)
        if (leader === 0) return false
        const { stdout } = await run({ argv: inside('systemctl', 'is-system-running'), env })
        return stdout === 'running' || stdout === 'degraded'
      }
      await until(up, () => `the test host does not start:\n${readFileSync(join(directory, 'console'), 'utf8')}`)
      const there = async () => (await host.as(['test', '-S', `/run/user/${shop.uid}/systemd/private`])).code === 0
      await until(there, () => 'the user’s systemd does not start')
    },
    async cut() {
      if (child === undefined) return
      const ended = child.exitCode !== null || child.signalCode !== null ? null : once(child, 'exit')
      // The first process of the pid namespace; unshare is its parent, and ends when all of it has ended.
      for (const { pid, parent } of processes()) if (parent === child.pid) end(pid)
      await ended
      child = undefined
    },
    as: (argv, variables = {}, options = {}) =>
      run(
        {
          argv: inside(
            'runuser',
            '-u',
            shop.name,
            '--',
            'env',
            '-i',
            ...pairs({ PATH: '/usr/bin:/bin', ...variables }),
            ...argv,
          ),
          env,
        },
        options,
      ),
  }
  removeStaleGroups()
  t.teardown(async () => {
    await host.cut()
    for (const path of group)
      await until(
        async () => removeGroup(path),
        () => `${path} stays`,
      )
    rmSync(directory, { recursive: true, force: true })
  })
  makeRoot(root)
  await host.boot()
  return host
}

const pairs = (variables: Record<string, string>) =>
  Object.entries(variables).map(([name, value]) => `${name}=${value}`)

/** The systemd of the container, by its number out here; 0 while there is none. */
function firstProcess(of: number): number {
  const all = processes()
  const ours = new Set(of === 0 ? [] : descendants(of, all))
  const found = all.find(({ pid, command }) => {
    const [program, ...args] = command.split('\0')
    return ours.has(pid) && program?.endsWith('/systemd') && !args.includes('--user')
  })
  return found?.pid ?? 0
}

async function until(holds: () => Promise<boolean>, otherwise: () => string): Promise<void> {
  for (let tries = 0; tries < 1200; tries++, await sleep(50)) if (await holds()) return
  throw new Error(otherwise())
}

function removeGroup(path: string): boolean {
  if (!existsSync(path)) return true
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroup(join(path, entry.name))
  try {
    rmdirSync(path)
  } catch {
    return false
  }
  return true
}

// Of tests that were killed: all that outlives them, as they are no files of a temporary directory.
function removeStaleGroups(): void {
  for (const hierarchy of hierarchies.filter((path) => existsSync(path)))
    for (const name of readdirSync(hierarchy)) {
      const owner = /^hostenv-test-(\d+)-/.exec(name)?.[1]
      if (owner !== undefined && !existsSync(`/proc/${owner}`)) removeGroup(join(hierarchy, name))
    }
}

// What an OS needs besides /usr, with accounts of its own.
function makeRoot(root: string): void {
  const folders = [
    'etc',
    'var/log/journal',
    'var/lib/systemd/linger',
    'run',
    'tmp',
    'root',
    'usr',
    'proc',
    'sys',
    'dev',
    'srv',
  ]
  for (const folder of [...folders, 'home/shop']) mkdirSync(join(root, folder), { recursive: true })
  for (const name of ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'])
    if (lstatSync(`/${name}`, { throwIfNoEntry: false })?.isSymbolicLink())
      symlinkSync(readlinkSync(`/${name}`), join(root, name))
  for (const name of ['pam.d', 'security', 'alternatives', 'nsswitch.conf', 'ld.so.cache', 'ld.so.conf', 'login.defs'])
    if (existsSync(`/etc/${name}`))
      cpSync(`/etc/${name}`, join(root, 'etc', name), { recursive: true, verbatimSymlinks: true })
  copyFileSync('/etc/os-release', join(root, 'etc/os-release'))
  const files: Record<string, string> = {
    passwd: `root:x:0:0::/root:/bin/sh\nmessagebus:x:100:100::/:/usr/sbin/nologin\n${shop.name}:x:${shop.uid}:${shop.uid}::/home/shop:/bin/sh\nnobody:x:65534:65534::/:/usr/sbin/nologin\n`,
    group: `root:x:0:\nmessagebus:x:100:\n${shop.name}:x:${shop.uid}:\nnogroup:x:65534:\n`,
    shadow: `root:!:20000::::::\n${shop.name}:!:20000::::::\n`,
    hostname: 'shop\n',
    'machine-id': '',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'etc', name), text, { mode: 0o644 })
  writeFileSync(join(root, 'var/lib/systemd/linger', shop.name), '')
  chownSync(join(root, 'home/shop'), shop.uid, shop.uid)
}
