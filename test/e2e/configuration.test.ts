// A receiver with a configuration file: what an edit changes while it runs, what it cannot change, and what an invalid one does.
import { globSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { run } from '../../src/lib/spawn.ts'
import { makeKey } from '../helpers/keys.ts'
import { cleanEnv, hostenv } from '../helpers/programs.ts'
import { makeProject, type Pushed } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { factsOf } from '../helpers/standing.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const directory = tempDir(t, 'c')
const file = join(directory, 'hostenv.yaml')
const keysOfBob = join(directory, 'keys-of-bob')
const [bob, ruth] = [await makeKey(directory, 'bob'), await makeKey(directory, 'ruth')]

interface Settings {
  limits?: Record<string, unknown>
  access?: Record<string, string>
  users?: Record<string, unknown>
  canonicalBranch?: string
  more?: Record<string, unknown>
}

const people = { bob: { keyFiles: ['keys-of-bob'] }, ruth: { keys: [ruth.publicKey] } }

// JSON is YAML; written as editors do, a new file over the old one.
function write({
  limits = {},
  access = { bob: 'push', ruth: 'read' },
  users = people,
  canonicalBranch = 'main',
  more = {},
}: Settings = {}) {
  const settings = { users, projects: { 'acme/helloweb': { access, canonicalBranch } }, limits, ...more }
  writeFileSync(`${file}.new`, JSON.stringify(settings, null, 2))
  renameSync(`${file}.new`, file)
}

writeFileSync(keysOfBob, bob.publicKey)
write()
const receiver = await startReceiver(t, { args: ['--config', file] })
const project = await makeProject(t)
const log = () => readFileSync(join(receiver.stateDir, 'log/hostenv.log'), 'utf8')

/** Waits until the receiver's log has something new that matches; answers the line. */
async function logged(pattern: RegExp, since = 0): Promise<string> {
  for (let tries = 0; tries < 600; tries++) {
    const line = log()
      .slice(since)
      .split('\n')
      .find((text) => pattern.test(text))
    if (line !== undefined) return line
    await sleep(25)
  }
  throw new Error(`the log has nothing like ${pattern}:\n${log().slice(since)}`)
}

async function edit(settings: Settings = {}) {
  const since = log().length
  write(settings)
  await logged(/configuration reloaded/, since)
}

function logFiles(project: string): string[] {
  return globSync(join(receiver.stateDir, `env/${project}-main-*/state/log/flood/{current,@*}`))
}

function logOf(project: string): string {
  return logFiles(project)
    .map((path) => readFileSync(path, 'utf8'))
    .join('')
}

async function until<T>(ask: () => Promise<T | null>): Promise<T> {
  for (let tries = 0; tries < 300; tries++) {
    const answer = await ask()
    if (answer !== null) return answer
    await sleep(100)
  }
  throw new Error('it did not come to that within 30 s')
}

const whoami = async (key = bob) => (await receiver.sshAs(key, ['whoami', '--json'])).stdout
const reason = ({ stderr }: Pushed) => / ! \[remote rejected\] \S+ -> \S+ \((.*)\)/.exec(stderr)?.[1] ?? stderr

t.test('users of the file may do what their access says', async (t) => {
  const early = await project.push(receiver, 'main', { key: bob })
  t.not(early.code, 0, 'who may push makes no first push')
  t.equal((await project.push(receiver, 'main')).code, 0)
  t.match(JSON.parse(await whoami()), { name: 'bob', admin: false, projects: ['acme/helloweb'] })
  await project.commit('By Bob')
  const refused = await project.push(receiver, 'main', { key: ruth })
  t.match(reason(refused), /^no right to deploy to main/)
  t.equal(
    (
      await project.tryGit(
        '-c',
        `core.sshCommand=${receiver.sshCommand(ruth)}`,
        'ls-remote',
        receiver.url('acme/hello-web'),
      )
    ).code,
    0,
  )
  t.equal((await project.push(receiver, 'main', { key: bob })).code, 0)
})

t.test('access and roles change at once', async (t) => {
  await edit({ access: {} })
  t.match(JSON.parse(await whoami()), { name: 'bob', projects: [] })
  await edit({ access: {}, users: { ...people, bob: { role: 'administrator', keyFiles: ['keys-of-bob'] } } })
  t.match(JSON.parse(await whoami()), { name: 'bob', admin: true })
  await edit()
})

t.test('who goes from the file goes with what was said of them by word', async (t) => {
  const words = await makeKey(directory, 'by-word')
  const admin = async (...args: string[]) => {
    const { code, stdout, stderr } = await receiver.ssh(...args)
    t.equal(code, 0, stderr)
    return stdout
  }
  const access = { bob: 'push' }
  const addKey = (user: string) => admin('keys', 'add', user, ...words.publicKey.split(' '))
  const isGone = async () => {
    t.match((await receiver.sshAs(words, ['whoami'])).stderr, /Permission denied/)
    t.notMatch(await admin('keys'), 'ruth')
    t.notMatch(await admin('access', 'acme/hello-web'), 'ruth')
  }
  await edit({ access })
  await addKey('ruth')
  await admin('access', 'acme/hello-web', 'ruth', 'deployer')
  t.match(JSON.parse(await whoami(words)), { name: 'ruth', projects: ['acme/helloweb'] })
  await edit({ access, users: { bob: people.bob } })
  await isGone()
  t.notMatch(await admin('users'), 'ruth')
  await edit({ access })
  t.match(JSON.parse(await whoami(words)), { name: 'ruth', projects: ['acme/helloweb'] }, 'the file names her again')
  await edit({ access, users: { bob: people.bob } })
  await admin('users', 'add', 'ruth')
  t.match(await admin('users'), /^ruth +member +0 +word$/m, 'another of that name begins with nothing')
  await isGone()
  await addKey('ruth')
  t.match(JSON.parse(await whoami(words)), { name: 'ruth', projects: [] })
  await admin('users', 'add', 'ruth', '--administrator')
  t.match(JSON.parse(await whoami(words)), { name: 'ruth', admin: true }, 'who is there keeps what they have')
  await admin('users', 'remove', 'ruth')
  await edit({ access })
  await addKey('ruth')
  await edit({ access, users: { bob: people.bob } })
  await addKey('bob')
  t.match(JSON.parse(await whoami(words)), { name: 'bob' }, 'a key that nobody has is free')
  await admin('keys', 'remove', words.fingerprint)
  await edit()
})

t.test('the canonical branch changes at once', async (t) => {
  const head = () => readFileSync(join(receiver.stateDir, 'repos/acme/helloweb.git/HEAD'), 'utf8')
  t.equal(head(), 'ref: refs/heads/main\n')
  await edit({ canonicalBranch: 'trunk' })
  t.equal(head(), 'ref: refs/heads/trunk\n')
  t.match((await project.push(receiver, 'main:other')).stderr, /push trunk:/)
  await edit()
  t.equal(head(), 'ref: refs/heads/main\n')
})

t.test('a key that is removed loses its open connections; one that is added gets in', async (t) => {
  const since = log().length
  const [program, ...args] = receiver.sshCommand(bob).split(' ')
  const open = run(
    { argv: [program ?? 'ssh', ...args, '-N', '-p', `${receiver.sshPort}`, '127.0.0.1'], env: cleanEnv(receiver.home) },
    { timeout: 60_000 },
  )
  await logged(/"logged in"/, since)
  const carol = await makeKey(directory, 'carol')
  writeFileSync(keysOfBob, `# no key of Bob's any more\n${carol.publicKey}\n`)
  t.match(await open, { code: 255, timedOut: false }, 'the open connection ends')
  await logged(/connection ended: its key lost its rights/, since)
  t.match((await receiver.sshAs(bob, ['whoami'])).stderr, /Permission denied/)
  t.match(JSON.parse(await whoami(carol)), { name: 'bob' }, "the file is Bob's, so the key in it is")
  const back = log().length
  writeFileSync(keysOfBob, bob.publicKey)
  await logged(/configuration reloaded/, back)
  t.match(JSON.parse(await whoami()), { name: 'bob' })
})

t.test(
  'a key file may come after the file that names it, and what was taken away with that edit goes then',
  async (t) => {
    const since = log().length
    const late = await makeKey(directory, 'late')
    write({ users: { bob: people.bob, late: { keyFiles: ['late-key'] } }, access: { bob: 'push' } })
    await logged(/not reloaded.*late-key cannot be read/, since)
    t.match(JSON.parse(await whoami(ruth)), { name: 'ruth' }, 'the last good one stays in force')
    const wrong = log().length
    writeFileSync(join(directory, 'late-key'), 'no key')
    await logged(/not reloaded.*late-key/, wrong)
    const right = log().length
    writeFileSync(join(directory, 'late-key'), late.publicKey)
    await logged(/configuration reloaded/, right)
    t.match(JSON.parse(await whoami(late)), { name: 'late' })
    t.match((await receiver.sshAs(ruth, ['whoami'])).stderr, /Permission denied/)
    await edit()
  },
)

t.test('an invalid edit is logged with its line, and what was good stays in force', async (t) => {
  const since = log().length
  writeFileSync(file, 'users:\n  bob:\n    keyFile: bob.pub\n')
  const line = JSON.parse(await logged(/not reloaded/, since))
  const message = 'There is no setting "keyFile" in users.bob. Did you mean keyFiles?'
  t.match(line, { level: 50, problems: [{ line: 3, column: 5, message }] })
  t.match(line.msg, /the last good one stays in force: .*hostenv\.yaml:3:5: There is no setting/)
  t.match(JSON.parse(await whoami()), { name: 'bob' })
  const again = log().length
  process.kill(receiver.pid, 'SIGHUP')
  await logged(/not reloaded/, again)
  t.match(JSON.parse(await whoami()), { name: 'bob' })
})

t.test('hostenv check says the same before the file is used', async (t) => {
  const bad = await hostenv(['check', file], receiver.home)
  t.match(bad, {
    code: 1,
    stdout: '',
    stderr: `${file}:3:5: There is no setting "keyFile" in users.bob. Did you mean keyFiles?`,
  })
  write({ users: { ...people, bob: { role: 'administrator', keyFiles: ['keys-of-bob'] } } })
  const good = await hostenv(['check', file], receiver.home)
  t.match(good, { code: 0, stderr: '' })
  t.match(good.stdout, /hostenv\.yaml is good\.\n[\s\S]*Administrators bob/)
  t.match(await hostenv(['check'], receiver.home, {}), {
    code: 1,
    stderr: /The configuration file hostenv\.yaml cannot be read \(ENOENT\)/,
  })
})

t.test('what cannot change while it runs is named', async (t) => {
  const since = log().length
  await edit({ more: { domain: 'other.org', listen: { http: '127.0.0.1:1' } } })
  await logged(/"domain takes effect at the next start"/, since)
  // Flags win over the file.
  t.notMatch(log().slice(since), /listen\.http takes effect/)
  await edit()
})

t.test('limits change at once, and each says what it is', async (t) => {
  await edit({ limits: { pushesPerMinute: 1 } })
  await project.commit('Too often')
  const often = [
    await project.push(receiver, 'main', { key: bob }),
    await project.push(receiver, 'main', { key: bob }),
  ].at(-1) as Pushed
  t.not(often.code, 0)
  t.match(
    often.stderr,
    /hostenv: you push too often: at most 1 pushes a minute are taken\nhostenv: Push again in \d+ s\./,
  )
  await edit({ limits: { freeDiskBytes: '1024TiB' } })
  await project.commit('No room')
  t.match(
    (await project.push(receiver, 'main')).stderr,
    /hostenv: the receiver has \d+ MiB of disk left and takes pushes from 1073741824 MiB on\n/,
  )
  await edit({ limits: { buildTime: '1s' } })
  await project.commit('A slow build', { '.hostenv/hostenv.nix': buildModule('sleep 300') })
  t.match(reason(await project.push(receiver, 'main')), /^build took longer than 1s; log d\d+$/)
  await edit({ limits: { deployLogBytes: '4KiB' } })
  const says = 'i=0; while [ $i -lt 200 ]; do echo a line of the log that is long enough; i=$((i+1)); done; exit 1'
  await project.commit('A build that says much', { '.hostenv/hostenv.nix': buildModule(says) })
  const loud = reason(await project.push(receiver, 'main'))
  t.match(loud, /^build failed: built exit 1; log d\d+$/)
  t.match(
    (await receiver.ssh('logs', /log (d\d+)/.exec(loud)?.[1] ?? '')).stdout,
    /the log is cut here: it is longer than is kept/,
  )
  // The files of the commit have as long to be read.
  await edit({ limits: { evaluationTime: '5s' } })
  await project.commit('A slow evaluation', { '.hostenv/hostenv.nix': slowEvaluation })
  const late = await project.push(receiver, 'main', { name: 'acme/late' })
  t.match(reason(late), /^evaluation took longer than 5 s; log d\d+$/)
})

t.test(
  'an environment that starts too many processes is held or stopped, and its log stays within its size',
  async (t) => {
    await edit({
      limits: { environmentProcesses: 64, activateTime: '60s', processLogBytes: '4KiB', processLogFiles: 2 },
    })
    const name = 'acme/flood'
    const flood = await makeProject(t, 'hello-web', { 'flood.sh': floodScript, '.hostenv/hostenv.nix': floodModule })
    // The limits of log files hold for services that start from now on: these do.
    const bomb = `{ ... }: { environments.main.type = "production"; activate = "while :; do sleep 600 & sleep 0.01; done"; }\n`
    const first = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': bomb })
    const refused = await first.push(receiver, 'main', { name: 'acme/bomb' })
    // The kernel holds everybody but root to it.
    if (process.getuid?.() === 0)
      t.match(
        reason(refused),
        /^activate failed: \d+ processes ran at once; at most 64 may \(limits\.environmentProcesses\)/,
      )
    else t.match(refused.stderr, /An environment may run 64 processes and threads/)
    const pushed = await flood.push(receiver, 'main', { name })
    t.equal(pushed.code, 0, pushed.stderr)
    writeFileSync(join(receiver.stateDir, 'env', factsOf('main', name).userName, 'data/go'), '')
    const states = await until(async () => {
      const { stdout } = await receiver.ssh('envs', '-p', name, '--json')
      const [environment] = JSON.parse(stdout)
      const log = logOf('flood')
      return environment.state === 'broken' || /fork/i.test(log) ? { environment, log } : null
    })
    // The kernel holds everybody but root to it.
    if (process.getuid?.() === 0) t.equal(states.environment.state, 'broken')
    const sizes = logFiles('flood').map((path) => statSync(path).size)
    // s6-log writes a buffer of 8 KiB to its end before it begins another file.
    const kept = sizes.reduce((sum, size) => sum + size, 0)
    t.ok(sizes.length <= 3 && kept < 64 * 1024, `400 KB became ${kept} bytes in ${sizes.length} files`)
    await edit()
  },
)

t.test('connections of one address, and the time to log in', async (t) => {
  await edit({ limits: { ssh: { loginTime: '2s', connectionsPerAddress: 1 } } })
  const began = performance.now()
  const open = async () => {
    const socket = connect(receiver.sshPort, '127.0.0.1')
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => undefined)
    await new Promise((resolve) => socket.once('data', resolve))
    return { closed: closed.finally(() => socket.destroy()), socket: socket.resume() }
  }
  const first = await open()
  const second = await open()
  const order: string[] = []
  void first.closed.then(() => order.push('first'))
  await second.closed
  t.same(order, ['first'], 'who has waited longest makes room for the next one, who has as long as everybody')
  t.ok(performance.now() - began < 15_000, 'who does not log in is not waited for')
  await edit()
})

const floodScript = `#!/bin/sh
i=0; while [ $i -lt 4000 ]; do echo "a line of a process that says a lot of nothing much, again and again"; i=$((i+1)); done
until [ -e "$HOSTENV_DATA_DIR/go" ]; do sleep 0.1; done
while :; do sleep 600 & sleep 0.01; done
`
const floodModule = `{ pkgs, ... }:
{
  environments.main.type = "production";
  processes.flood.command = [ "/bin/sh" "\${../flood.sh}" ];
}
`
const buildModule = (script: string) => `{ pkgs, ... }:
{
  environments.main.type = "production";
  activate = "cat \${pkgs.runCommand "built" { } ${JSON.stringify(script)}}";
}
`
const slowEvaluation = `{ lib, ... }: {
  environments.main.type = let often = f: builtins.foldl' (_: x: builtins.seq (f x) x) 0 (lib.genList (x: x) 10000);
    in builtins.seq (often (_: often (_: often (_: often (x: x))))) "production";
}
`
