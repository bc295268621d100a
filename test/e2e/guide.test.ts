// The guide for a team, run as it is written: its configuration, its checks, the unit's command, and pushes from CI.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { defaultLimits } from '../../src/config/limits.ts'
import { end } from '../../src/lib/proc.ts'
import { type Ran, run, start } from '../../src/lib/spawn.ts'
import { get } from '../helpers/http.ts'
import { type Key, makeKey, sshArgv } from '../helpers/keys.ts'
import { processesOf } from '../helpers/leftovers.ts'
import { block } from '../helpers/markdown.ts'
import { cleanEnv, exactly, hostenv, root } from '../helpers/programs.ts'
import { makeQuickProject } from '../helpers/quick-project.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const directory = tempDir(t, 'g')
const home = join(directory, 'home')
const etc = join(directory, 'etc')
const file = join(etc, 'team.yaml')
const stateDir = join(directory, 'state')
const runtimeDir = join(directory, 'run')
for (const folder of [home, join(etc, 'keys')]) mkdirSync(folder, { recursive: true })

/** Runs lines of a page as a shell does that stops at the first error. */
const bash = (script: string, cwd: string, env: Record<string, string> = {}): Promise<Ran> =>
  run({ argv: ['bash', '-e', '-c', script], env: { ...cleanEnv(home), ...env }, cwd }, { timeout: 120_000 })

const first = 'docs/guide/first-receiver.md'
const ci = 'docs/guide/ci.md'
const settings = parse(block(first, 'The configuration file', 'yaml'))
const alice = await makeKey(join(etc, 'keys'), 'alice')
await makeKey(join(etc, 'keys'), 'bob')
// As the page for CI says it.
const made = await bash(block(ci, 'Once', 'sh', 'ssh-keygen -t'), join(etc, 'keys'))
const ciKey = () => readFileSync(join(etc, 'keys/ci'), 'utf8')

t.test('the configuration of the guide is good, and a mistake in it is told as it says', async (t) => {
  t.equal(made.code, 0, made.stderr)
  writeFileSync(file, block(first, 'The configuration file', 'yaml'))
  const [good = '', bad = ''] = ['is good', 'deploier'].map((words) =>
    block(first, 'The configuration file', '', words),
  )
  const said = ({ stdout, stderr }: Ran) => `${stdout}${stderr}`.replaceAll(file, 'team.yaml')
  t.equal(said(await hostenv(['check', file], home)), good.split('\n').slice(1).join('\n').trimEnd())
  writeFileSync(file, block(first, 'The configuration file', 'yaml').replace('bob: deployer', 'bob: deploier'))
  t.equal(said(await hostenv(['check', file], home)), bad.split('\n').slice(1).join('\n').trimEnd())
})

const unit = readFileSync(join(root, 'docs/examples/hostenv.service'), 'utf8')
const line = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? ''

async function until(done: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await done()); await sleep(50))
    if (Date.now() > deadline) throw new Error(`it did not come to that within a minute: ${what}`)
}

let said = ''
let ended: Promise<number | null> = Promise.resolve(null)
let pid = 0
const ready = () => JSON.parse(readFileSync(join(stateDir, 'ready.json'), 'utf8')) as Ready
interface Ready {
  readonly pid: number
  readonly ssh: { readonly port: number }
  readonly http: { readonly port: number }
}

t.teardown(async () => {
  if (pid > 0 && (await Promise.race([ended.then(() => false), sleep(0, true)]))) end(pid, 'SIGTERM')
  await ended
  if (existsSync(stateDir)) await hostenv(['down', '--state', stateDir, '--runtime', runtimeDir], home)
  for (const { pid } of processesOf(directory)) end(pid)
})

t.test("the unit's command starts a receiver, with what systemd gives it", async (t) => {
  t.match(unit, /^StateDirectory=hostenv$/m)
  t.equal(settings.state, '/var/lib/hostenv', 'the configuration names the directories of the unit')
  t.equal(settings.runtime, '/run/hostenv')
  t.equal(settings.log, 'journald')
  // Everything as it is there, but for what this machine has of its own.
  const here = {
    ...{ listen: { ssh: '127.0.0.1:0', http: '127.0.0.1:0' }, state: stateDir, runtime: runtimeDir },
    nix: { store: 'private', allowUnsandboxedBuilds: true },
  }
  writeFileSync(file, stringify({ ...settings, ...here }))
  const argv = line('ExecStart').replaceAll('/opt/hostenv', root).replace('/etc/hostenv/hostenv.yaml', file).split(' ')
  t.notMatch(argv.join(' '), /\/opt\/|\/etc\/hostenv/)
  t.match(unit, /^NoNewPrivileges=yes$/m)
  // systemd.exec(5): a short environment, no terminal.
  const env = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin',
    LANG: 'C.UTF-8',
    HOME: home,
    USER: 'hostenv',
  }
  const child = start(exactly(['setpriv', '--no-new-privs', '--', ...argv], env), ['ignore', 'pipe', 'pipe'])
  pid = child.pid ?? 0
  ended = new Promise((resolve) => child.once('close', resolve))
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  await until(() => /^Host key +SHA256:/m.test(said), 'it prints its host key')
  t.ok(existsSync(join(stateDir, 'ready.json')))
  await until(() => /^<6>\{.*"msg":"ready"/m.test(said), 'the log is for journald')
  t.equal(line('ExecReload'), '/bin/kill -HUP $MAINPID')
  process.kill(pid, 'SIGHUP')
  await until(() => said.includes('configuration reloaded'), 'reloaded')
})

let hosts = ''
const remote = () => `ssh://hostenv@127.0.0.1:${ready().ssh.port}/acme/shop.git`
const origin = join(directory, 'origin.git')
const project = await makeQuickProject(t)
const as = (key: Key) => ({ GIT_SSH_COMMAND: sshArgv(key, join(home, 'known')).join(' ') })

async function commit(text: string, files = {}): Promise<string> {
  const id = await project.commit(text, { 'greeting.txt': `${text}\n`, ...files })
  await project.git('push', '-q', '--force', origin, 'main')
  return id
}

/** A clone as CI services make one: of one commit, with no branch checked out. */
async function checkout(depth = 1): Promise<string> {
  const clone = tempDir(t, 'j')
  const cloned = `git clone -q ${depth > 0 ? `--depth ${depth}` : ''} file://${origin} . && git checkout -q --detach && git branch -qD main`
  const ran = await bash(cloned, clone)
  if (ran.code !== 0) throw new Error(ran.stderr)
  return clone
}

t.test('the host key that is scanned is the one that the receiver prints', async (t) => {
  await bash(`git init -q --bare -b main ${origin}`, directory)
  const scan = block(ci, 'Once', 'sh', 'ssh-keyscan').replaceAll('2222', `${ready().ssh.port}`)
  const scanned = await bash(scan.replaceAll('apps.example.org', '127.0.0.1'), directory)
  t.equal(scanned.code, 0, scanned.stderr)
  const printed = /Host key +(SHA256:\S+)/.exec(said)?.[1] ?? 'none'
  t.match(scanned.stdout, printed)
  hosts = readFileSync(join(directory, 'hosts'), 'utf8').trim()
  t.equal(
    (await bash(`git push -q ${remote()} main`, project.directory, as(alice))).code,
    0,
    'the first push is by hand',
  )
})

const page = async () => {
  const user = /shop-main-[0-9a-f]{7}/.exec((await alicesEnvs()).stdout)?.[0] ?? ''
  return (await get(ready().http.port, `${user}.apps.example.org`)).body
}
const alicesEnvs = () => {
  const argv = [
    ...sshArgv(alice, join(home, 'known')),
    '-p',
    `${ready().ssh.port}`,
    'hostenv@127.0.0.1',
    'envs',
    '--json',
  ]
  return run({ argv: argv as [string, ...string[]], env: cleanEnv(home) })
}

t.test('any CI: a shallow clone is pushed with its history, and the key is gone afterwards', async (t) => {
  await commit('between')
  const id = await commit('any CI')
  const clone = await checkout()
  const script = block(ci, 'Any CI', 'sh')
  const env = {
    HOSTENV_KEY: ciKey(),
    HOSTENV_KNOWN_HOSTS: hosts,
    HOSTENV_REMOTE: remote(),
    BRANCH: 'main',
    TMPDIR: directory,
  }
  const bare = await bash(script.replace(/^if .*shallow.*$/m, ''), clone, env)
  t.match(bare, { code: 1, stderr: /fetch first/ }, 'without the line about it')
  const pushed = await bash(script, clone, env)
  t.equal(pushed.code, 0, pushed.stderr)
  t.match(pushed.stderr, new RegExp(`acme/shop ${id.slice(0, 7)} → main`))
  t.notMatch(pushed.stderr, '\r', 'nothing is redrawn')
  t.match(await page(), 'any CI')
  t.equal((await bash('ls -d tmp.* 2>/dev/null || true', directory)).stdout, '')
  // Somebody else answers.
  const stranger = await makeKey(directory, 'stranger')
  const fooled = hosts.replace(/ssh-ed25519 .*/, stranger.publicKey)
  t.match(await bash(script, clone, { ...env, HOSTENV_KNOWN_HOSTS: fooled }), {
    code: 128,
    stderr: /Host key verification failed|HOST IDENTIFICATION HAS CHANGED/,
  })
})

t.test('GitHub Actions: the step pushes, and fails when the deploy fails', async (t) => {
  const job = parse(block(ci, 'GitHub Actions', 'yaml')).jobs.deploy
  const [{ with: inputs }, step] = job.steps
  t.strictSame(Object.keys(step.env), ['HOSTENV_KEY', 'HOSTENV_KNOWN_HOSTS', 'HOSTENV_REMOTE'])
  const temp = tempDir(t, 'k')
  const env = { HOSTENV_KEY: ciKey(), HOSTENV_KNOWN_HOSTS: hosts, HOSTENV_REMOTE: remote() }
  const more = { GITHUB_REF_NAME: 'main', RUNNER_TEMP: temp }
  await commit('GitHub')
  const pushed = await bash(step.run, await checkout(inputs['fetch-depth']), { ...env, ...more })
  t.equal(pushed.code, 0, pushed.stderr)
  t.match(await page(), 'GitHub')
  await commit('broken', { 'build.sh': 'exit 3\n' })
  const failed = await bash(step.run, await checkout(inputs['fetch-depth']), { ...env, ...more })
  t.match(failed, { code: 1, stderr: /\[remote rejected\].*\(build failed: page exit 3; log d\d+\)/ })
  t.match(await page(), 'GitHub', 'what was live is live')
})

t.test('GitLab CI: the job pushes', async (t) => {
  const job = parse(block(ci, 'GitLab CI', 'yaml')).deploy
  await commit('GitLab', { 'build.sh': 'echo page > $out\n' })
  const files = tempDir(t, 'k')
  writeFileSync(join(files, 'key'), ciKey(), { mode: 0o666 })
  writeFileSync(join(files, 'hosts'), `${hosts}\n`, { mode: 0o666 })
  const pushed = await bash(job.script.join('\n'), await checkout(Number(job.variables.GIT_DEPTH)), {
    ...{ HOSTENV_KEY: join(files, 'key'), HOSTENV_KNOWN_HOSTS: join(files, 'hosts'), HOSTENV_REMOTE: remote() },
    CI_COMMIT_BRANCH: 'main',
  })
  t.equal(pushed.code, 0, pushed.stderr)
  t.match(await page(), 'GitLab')
})

t.test('the unit ends the receiver alone, and in its time', async (t) => {
  t.equal(line('KillMode'), 'process')
  t.ok(Number(line('TimeoutStopSec')) * 1000 > defaultLimits.shutdownTime)
  process.kill(pid, 'SIGTERM')
  t.equal(await ended, 0)
  t.ok(
    processesOf(directory).some(({ command }) => /s6-svscan/.test(command)),
    'services go on',
  )
})
