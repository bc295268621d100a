// Roles, people who are added and removed by word, and projects that get another name or go: real ssh and git.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { start } from '../../src/lib/spawn.ts'
import { documents } from '../../src/report/words/schema.ts'
import { get } from '../helpers/http.ts'
import { type Key, makeKey } from '../helpers/keys.ts'
import { webModule } from '../helpers/module.ts'
import { cleanEnv, hostenv } from '../helpers/programs.ts'
import { makeProject, type Pushed } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { factsOf, hostname, remoteRefs } from '../helpers/standing.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const directory = tempDir(t, 'k')
const names = ['fred', 'mia', 'dora', 'vic', 'ann', 'bea'] as const
const keys = Object.fromEntries(
  await Promise.all(names.map(async (name) => [name, await makeKey(directory, name)] as const)),
) as Record<(typeof names)[number], Key>
const config = join(directory, 'hostenv.yaml')
writeFileSync(
  config,
  JSON.stringify({
    users: { fred: { keys: [keys.fred.publicKey] } },
    projects: { 'acme/filed': { access: { fred: { production: 'viewer', testing: 'deployer' } } } },
  }),
)
// Members push here whether or not this machine's builds are sandboxed.
const receiver = await startReceiver(t, { args: ['--config', config, '--allow-unsandboxed-builds'] })
const user = (name: 'mia' | 'dora' | 'vic', role: string) =>
  `users.${name} = { publicKeys = [ ${JSON.stringify(keys[name].publicKey)} ]; role = "${role}"; };`
const quick = 'deploymentVerification.upFor = 0;'
const module = (main = '', staging = '') =>
  webModule({
    main: `type = "production"; ${quick} ${user('mia', 'maintainer')} ${user('dora', 'deployer')} ${user('vic', 'viewer')} ${main}`,
    staging: `type = "testing"; protected = true; ${quick} ${user('mia', 'maintainer')} ${user('dora', 'deployer')} ${staging}`,
    dev: `type = "development"; ${quick} ${user('dora', 'deployer')}`,
  })
const file = '.hostenv/hostenv.nix'
const project = await makeProject(t, 'hello-web', { [file]: module() })

const reason = ({ stderr }: Pushed) => /\[remote rejected\].* \((.*?)(?:; log d\d+)?\)/.exec(stderr)?.[1] ?? stderr
const as = (key: Key, ...words: string[]) => receiver.sshAs(key, words)
const admin = (...words: string[]) => receiver.ssh(...words)

async function until(what: string, ask: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (ask()) return
    await sleep(50)
  }
  throw new Error(`${what} did not come within 30 s`)
}

t.test('who may push, delete, force and grant: by role, type and protection', async (t) => {
  for (const spec of ['main', 'main:staging', 'main:dev']) t.equal((await project.push(receiver, spec)).code, 0)
  await project.commit('Next')
  t.equal(reason(await project.push(receiver, 'main', { key: keys.vic })), 'no right to deploy to main')
  const protects = await project.push(receiver, 'main:staging', { key: keys.dora })
  t.equal(reason(protects), 'no right to deploy to staging', 'protected: for maintainers')
  t.match(
    protects.stderr.replaceAll(/\s*\nremote: +/g, ' '),
    /that takes a maintainer, and this key is a deployer there/,
  )
  t.equal((await project.push(receiver, 'main', { key: keys.dora })).code, 0, 'content is for deployers')
  t.equal((await project.push(receiver, 'main:staging', { key: keys.mia })).code, 0)

  const rewritten = await project.git('commit-tree', 'HEAD^{tree}', '-m', 'Rewritten')
  const force = (key: Key, options: string[]) => project.push(receiver, `+${rewritten.trim()}:main`, { key, options })
  t.equal(reason(await force(keys.dora, ['force=main'])), 'no right to take commits off main')
  t.equal(
    reason(await force(keys.mia, [])),
    'not a fast-forward: main is production',
    'and a maintainer has to mean it',
  )
  t.equal(
    reason(await project.push(receiver, ':staging', { key: keys.dora, options: ['confirm=staging'] })),
    'no right to delete staging',
  )
  t.equal(reason(await project.push(receiver, ':staging', { key: keys.mia })), 'staging is protected')
  t.equal((await project.push(receiver, ':dev', { key: keys.dora })).code, 0)
  t.equal((await project.push(receiver, 'main:dev', { key: keys.dora })).code, 0)
})

t.test('a deployer of the canonical branch gives and takes no rights with it; a maintainer does', async (t) => {
  const policy = async () => (await admin('audit', '-p', 'acme/hello-web', '--json')).stdout
  for (const [what, text] of Object.entries({
    'a role for oneself': module().replace('role = "deployer"', 'role = "maintainer"'),
    'protection taken away': module().replace('protected = true; ', ''),
    'a maintainer removed': module().replaceAll(user('mia', 'maintainer'), ''),
    'an environment that is production no more': module().replace('"production"', '"testing"'),
    'the branch led to what is protected': module('hostenv.gitRef = "elsewhere";', 'hostenv.gitRef = "main";'),
  })) {
    await project.commit(what, { [file]: text })
    const pushed = await project.push(receiver, 'main', { key: keys.dora })
    t.equal(pushed.code, 1, what)
    t.match(reason(pushed), /^no right to (change who may do what in main|deploy to staging)$/, what)
    await project.git('reset', '-q', '--hard', 'HEAD^')
  }
  t.match(await policy(), /environments.*main.*users\.mia is removed/)
  t.equal((await as(keys.mia, 'whoami')).code, 0, 'what was refused took nothing away')
  await project.commit('By a maintainer', { [file]: module().replace(user('vic', 'viewer'), user('vic', 'deployer')) })
  t.equal((await project.push(receiver, 'main', { key: keys.mia })).code, 0)
  await project.commit('By Vic')
  t.equal((await project.push(receiver, 'main', { key: keys.vic })).code, 0)
})

t.test('what a policy takes away ends what its people began, and closes their connections', async (t) => {
  const [program = 'ssh', ...args] = receiver.sshCommand(keys.vic).split(' ')
  const argv: [string, ...string[]] = [
    program,
    ...args,
    '-p',
    `${receiver.sshPort}`,
    'hostenv@127.0.0.1',
    'run',
    'main',
    '--',
    'sleep',
    '600',
  ]
  const child = start({ argv, env: cleanEnv(receiver.home) }, ['ignore', 'ignore', 'pipe'])
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (more: string) => {
    said += more
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  await until(
    'the command',
    () =>
      existsSync(`/proc/${child.pid}`) &&
      readFileSync(join(receiver.stateDir, 'log/hostenv.log'), 'utf8').includes('"sleep","600"'),
  )
  await project.commit('Without Vic', { [file]: module().replace(user('vic', 'viewer'), '') })
  t.equal((await project.push(receiver, 'main', { key: keys.mia })).code, 0)
  t.not(await ended, 0)
  t.match(said, /this key has lost the right to it/)
  t.match((await as(keys.vic, 'whoami')).stderr, /Permission denied/)
})

t.test('words for people are for administrators, and hold at once', async (t) => {
  for (const words of [
    ['users'],
    ['users', 'add', 'x'],
    ['keys'],
    ['projects'],
    ['projects', 'remove', 'acme/hello-web'],
    ['access', 'acme/hello-web', 'fred', 'maintainer'],
    ['audit'],
  ])
    t.match(await as(keys.mia, ...words), { code: 1, stderr: /mia may not administer/ }, words.join(' '))
  t.match(await admin('users', 'add', 'ann'), { code: 0 })
  t.match(await admin('keys', 'add', 'ann', ...keys.ann.publicKey.split(' ')), {
    code: 0,
    stdout: `${keys.ann.fingerprint} is ann's now.`,
  })
  t.equal(documents.whoami.parse(JSON.parse((await as(keys.ann, 'whoami', '--json')).stdout)).name, 'ann')
  await project.commit('By Ann')
  t.equal((await project.push(receiver, 'main', { key: keys.ann })).code, 128, 'nothing in the project yet')
  t.match(await admin('access', 'acme/hello-web', 'ann', 'deployer'), { code: 0 })
  t.equal((await project.push(receiver, 'main', { key: keys.ann })).code, 0)
  t.equal(reason(await project.push(receiver, 'main:staging', { key: keys.ann })), 'no right to deploy to staging')

  t.match(await admin('users', 'add', 'fred'), { code: 1, stderr: /fred is in the configuration file/ })
  t.match(await admin('access', 'acme/filed', 'fred', 'maintainer'), {
    code: 1,
    stderr: /is in the\s+configuration file/,
  })
  t.match(await admin('keys', 'add', 'ann', ...keys.fred.publicKey.split(' ')), {
    code: 1,
    stderr: /this key is fred's already/,
  })
  t.match(await admin('keys', 'add', 'nobody', ...keys.bea.publicKey.split(' ')), {
    code: 1,
    stderr: /there is no user nobody/,
  })
  t.match(await admin('keys', 'add', 'ann', 'ssh-ed25519', 'AAAA'), { code: 1, stderr: /that is no public key/ })
  t.match(await admin('keys', 'remove', receiver.key.fingerprint), { code: 1, stderr: /the key that you use now/ })
  t.match(await admin('keys', 'remove', keys.fred.fingerprint), { code: 1, stderr: /in the\s+configuration file/ })
  t.match(await admin('access', 'acme/hello-web', 'ann', 'king'), { code: 1, stderr: /"king" is no role/ })
  t.match((await admin('users')).stdout, /^ann +member +1 +word$/m)
  t.match(
    (await admin('access', 'acme/filed')).stdout,
    /fred +production=viewer testing=deployer development=viewer +file/,
  )

  // A connection that is open when its key goes.
  const [program = 'ssh', ...args] = receiver.sshCommand(keys.ann).split(' ')
  const argv: [string, ...string[]] = [
    program,
    ...args,
    '-p',
    `${receiver.sshPort}`,
    'hostenv@127.0.0.1',
    'envs',
    '--watch',
  ]
  const child = start({ argv, env: cleanEnv(receiver.home) }, ['ignore', 'pipe', 'ignore'])
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()))
  t.match(await admin('keys', 'remove', keys.ann.fingerprint), { code: 0, stdout: /what it had open is closed/ })
  t.equal(await ended, 255)
  t.match((await as(keys.ann, 'whoami')).stderr, /Permission denied/)
  t.match(await admin('users', 'remove', 'ann'), { code: 0 })
  t.notMatch((await admin('access', 'acme/hello-web')).stdout, 'ann')
})

t.test('a restart, and the file, know whom a word added', async (t) => {
  await admin('users', 'add', 'bea', '--administrator')
  await admin('keys', 'add', 'bea', ...keys.bea.publicKey.split(' '))
  await receiver.restart({ args: ['--config', config, '--allow-unsandboxed-builds'] })
  t.match(JSON.parse((await as(keys.bea, 'whoami', '--json')).stdout), { name: 'bea', admin: true })
  t.match(await as(keys.bea, 'users', 'remove', 'bea'), { code: 1, stderr: /you would remove yourself/ })
  const settings = JSON.parse(readFileSync(config, 'utf8'))
  writeFileSync(
    config,
    JSON.stringify({ ...settings, users: { ...settings.users, bea: { keys: [keys.bea.publicKey] } } }),
  )
  for (let tries = 0; tries < 200; tries++) {
    // Nothing where the change closed the very connection that asked.
    const { stdout } = await as(keys.bea, 'whoami', '--json')
    if (stdout !== '' && !JSON.parse(stdout).admin) break
    await sleep(50)
  }
  t.match(JSON.parse((await as(keys.bea, 'whoami', '--json')).stdout), { name: 'bea', admin: false }, 'the file wins')
})

t.test('the audit has who, from where, what, on what, the answer and why', async (t) => {
  const lines = documents.audit.parse(JSON.parse((await admin('audit', '--lines', '500', '--json')).stdout))
  const find = (like: object) =>
    lines.some((line) => Object.entries(like).every(([name, value]) => Reflect.get(line, name) === value))
  t.ok(find({ who: 'dora', action: 'push', key: 'staging', allowed: false, why: 'deployer, needs maintainer' }))
  t.ok(find({ who: 'mia', action: 'push', key: 'staging', allowed: true, why: 'maintainer' }))
  t.ok(find({ who: 'dora', action: 'force', key: 'main', allowed: false }))
  t.ok(find({ who: 'dora', action: 'grant', key: 'main', allowed: false }))
  t.ok(find({ who: 'vic', action: 'run', key: 'main', allowed: true, subject: 'sleep and 1 arguments' }))
  t.ok(find({ who: 'mia', action: 'administer', project: null, allowed: false, subject: 'users add x' }))
  t.ok(find({ who: 'admin', action: 'administer', allowed: true, subject: 'users add ann' }))
  t.ok(lines.every(({ from, fingerprint }) => /^127\.0\.0\.1 \d+$/.test(from) && fingerprint.startsWith('SHA256:')))
  const own = documents.audit.parse(
    JSON.parse((await as(keys.mia, 'audit', '-p', 'acme/hello-web', '--json')).stdout || '[]'),
  )
  t.same(own, [], 'a maintainer of one environment is none of the project')
})

t.test('a project that was added is pushed first by its maintainer, and can be removed with all it has', async (t) => {
  t.match(await admin('projects', 'add', 'Acme/New-One'), { code: 0, stdout: /^acme\/newone can be pushed/ })
  await admin('access', 'acme/newone', 'fred', 'deployer')
  t.equal((await project.push(receiver, 'main', { name: 'acme/new-one', key: keys.fred })).code, 128)
  await admin('access', 'acme/newone', 'fred', 'maintainer')
  const first = await project.push(receiver, 'main', { name: 'acme/new-one', key: keys.fred })
  t.equal(first.code, 0, first.stderr)
  const { userName } = factsOf('main', 'acme/new-one')
  const places = [`env/${userName}`, 'repos/acme/newone.git'].map((path) => join(receiver.stateDir, path))
  t.ok(places.every((path) => existsSync(path)))
  const asked = await admin('projects', 'remove', 'acme/new-one')
  t.match(asked, { code: 1, stderr: /has to be confirmed/ })
  t.match(asked.stderr, /main: its data, 1 release; it is live/)
  t.match(asked.stderr, /--confirm acme\/newone/)
  t.match(await admin('projects', 'remove', 'acme/new-one', '--confirm', 'acme/newone'), { code: 0 })
  t.notOk(
    places.some((path) => existsSync(path)),
    'nothing is left of it',
  )
  t.notMatch((await admin('envs')).stdout, 'newone')
  t.equal((await get(receiver.httpPort, hostname('main', 'acme/new-one'))).status, 404)
  t.match((await admin('audit', '--json', '--lines', '5')).stdout, /projects remove acme/)
  t.equal((await project.push(receiver, 'main', { name: 'acme/new-one' })).code, 0, 'the name is free again')
})

t.test(
  'a project is renamed with its repository, its releases and its data, and runs under its new names',
  async (t) => {
    const [old, next] = ['acme/hello-web', 'zenith/store']
    const [was, is] = [factsOf('main', old), factsOf('main', next)]
    writeFileSync(join(receiver.stateDir, 'env', was.userName, 'data/kept'), 'data')
    await project.commit('Kept for later')
    t.equal((await project.push(receiver, 'main', { name: old, options: ['no-activate'] })).code, 0)
    const refs = await remoteRefs(receiver, old)
    const releases = (await admin('releases', 'main', '-p', old, '--json')).stdout
    t.match(await admin('projects', 'rename', 'acme/hello-web', 'acme/new-one'), {
      code: 1,
      stderr: /there is a project acme\/newone already/,
    })
    t.match(await admin('projects', 'rename', 'acme/filed', 'acme/other'), {
      code: 1,
      stderr: /there is no project acme\/filed/,
    })
    const renamed = await admin('projects', 'rename', 'acme/hello-web', 'Zenith/Store')
    t.equal(renamed.code, 0, renamed.stderr)
    t.equal(readFileSync(join(receiver.stateDir, 'env', is.userName, 'data/kept'), 'utf8'), 'data')
    t.notOk(existsSync(join(receiver.stateDir, 'env', was.userName)))
    t.same(await remoteRefs(receiver, next), refs)
    t.equal(
      (await admin('releases', 'main', '-p', next, '--json')).stdout,
      releases.replaceAll('acme/helloweb', 'zenith/store'),
    )
    t.match(await get(receiver.httpPort, is.hostname), { status: 200, body: /main, release/ })
    t.equal((await get(receiver.httpPort, was.hostname)).status, 404)
    const kept = await admin('redeploy', 'main', '--pushed', '-p', next)
    t.equal(kept.code, 0, kept.stderr)
    await project.commit('Under its new name')
    t.equal((await project.push(receiver, 'main', { name: 'acme/hello-web', key: keys.mia })).code, 128)
    const pushed = await project.push(receiver, 'main', { name: next, key: keys.mia })
    t.equal(pushed.code, 0, pushed.stderr)
    t.equal((await admin('rollback', 'main', '-p', next)).code, 0, 'its releases can be gone back to')
    const where = ['--state', receiver.stateDir, '--runtime', receiver.runtimeDir]
    const doctor = await hostenv(['doctor', ...where], receiver.home)
    t.notMatch(doctor.stdout, /folder|repository of no|holds data of no|refs\/|profile is at/, doctor.stdout)
  },
)

t.test('a rename that a crash cut short is finished by the next start', async (t) => {
  const [old, next] = ['zenith/store', 'zenith/shop']
  const [was, is] = [factsOf('main', old), factsOf('main', next)]
  t.equal((await admin('projects', 'rename', old, next)).code, 0)
  await receiver.stop()
  await hostenv(['down', '--state', receiver.stateDir, '--runtime', receiver.runtimeDir], receiver.home)
  // As it is right after the rows have changed.
  const within = (path: string) => join(receiver.stateDir, path)
  renameSync(within(`env/${is.userName}`), within(`env/${was.userName}`))
  renameSync(within('repos/zenith/shop.git'), within('repos/zenith/store.git'))
  const db = new DatabaseSync(within('hostenv.db'))
  const userNames = JSON.stringify({ [was.userName]: is.userName })
  db.prepare('INSERT INTO moving_project VALUES (?, ?, ?)').run(old, next, userNames)
  db.close()
  await receiver.restart({ args: ['--config', config, '--allow-unsandboxed-builds'] })
  t.equal(readFileSync(within(`env/${is.userName}/data/kept`), 'utf8'), 'data')
  t.match(await get(receiver.httpPort, is.hostname), { status: 200 })
  t.notOk(existsSync(within(`env/${was.userName}`)) || existsSync(within('repos/zenith/store.git')))
  t.equal((await admin('releases', 'main', '-p', next)).code, 0)
})
