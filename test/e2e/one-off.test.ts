// Commands in an environment, its processes and their logs, and deploys that are followed and cancelled: real ssh, with and
// without a terminal.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { run, start } from '../../src/lib/spawn.ts'
import { documents } from '../../src/report/words/schema.ts'
import { tree } from '../helpers/agree.ts'
import { get } from '../helpers/http.ts'
import { type Key, makeKey } from '../helpers/keys.ts'
import { processesOf } from '../helpers/leftovers.ts'
import { cleanEnv } from '../helpers/programs.ts'
import { makeQuickProject } from '../helpers/quick-project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { factsOf, hostname } from '../helpers/standing.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const keys = tempDir(t, 'k')
const vic = await makeKey(keys, 'vic')
const config = join(keys, 'hostenv.yaml')
const access = { 'acme/helloweb': { access: { vic: 'viewer' } } }
writeFileSync(config, JSON.stringify({ users: { vic: { keys: [vic.publicKey] } }, projects: access }))
const receiver = await startReceiver(t, { args: ['--config', config] })
const project = await makeQuickProject(t)
for (const spec of ['main', 'main:staging']) {
  const pushed = await project.push(receiver, spec)
  if (pushed.code !== 0) throw new Error(pushed.stderr)
}
const { userName } = factsOf('main', 'acme/hello-web')
const data = join(receiver.stateDir, 'env', userName, 'data')

/** One argument of a command line that the ssh client sends as it is. */
const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`
const runIn = (key: string, ...argv: string[]) => receiver.ssh('run', key, '--', ...argv.map(quoted))

async function until(what: string, ask: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await ask()) return
    await sleep(50)
  }
  throw new Error(`${what} did not come within 30 s`)
}

/** ssh with its streams in hand. */
function open(words: readonly string[], flags: readonly string[] = [], key: Key = receiver.key) {
  const [program = 'ssh', ...args] = receiver.sshCommand(key).split(' ')
  const argv: [string, ...string[]] = [
    program,
    ...args,
    ...flags,
    '-p',
    `${receiver.sshPort}`,
    'hostenv@127.0.0.1',
    ...words,
  ]
  const child = start({ argv, env: cleanEnv(receiver.home) }, ['pipe', 'pipe', 'pipe'])
  const said = { out: '', err: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said.out += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said.err += text
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, said, ended }
}

t.test('a command runs as the environment: its variables, its data, its sandbox, and its exit', async (t) => {
  const ran = await runIn(
    'main',
    'sh',
    '-c',
    'echo "$HOSTENV_ENVIRONMENT $HOSTENV_TYPE $HOSTENV_RELEASE $USER"; pwd; echo "a  b" $#; echo oops >&2; exit 7',
  )
  t.equal(ran.code, 7)
  t.equal(ran.stdout, `main production 1 ${userName}\n${data}\na  b 0`)
  t.equal(ran.stderr, 'oops')
  t.equal((await runIn('staging', 'sh', '-c', 'echo $HOSTENV_ENVIRONMENT')).stdout, 'staging')
  const kept = await runIn('main', 'sh', '-c', 'echo kept > note; ls /')
  t.equal(readFileSync(join(data, 'note'), 'utf8'), 'kept\n')
  t.notMatch(kept.stdout, /root|srv/, 'nothing of the host but its programs')
  const outside = await runIn('main', 'cat', join(receiver.stateDir, 'hostenv.db'))
  t.not(outside.code, 0)
  t.match(outside.stderr, /No such file/)
  t.equal((await runIn('main', 'true')).code, 0)
  t.equal((await runIn('main', 'no-such-program')).code, 127)
  t.equal((await runIn('main', 'sh', '-c', 'kill -TERM $$')).code, 143, 'a signal, as a shell tells it')
})

t.test('its input is the client’s, to the last byte, and large output arrives whole', async (t) => {
  const script = open(['run', 'main', '--', 'sh'])
  script.child.stdin?.end('echo one\necho two; exit 4\n')
  t.equal(await script.ended, 4)
  t.equal(script.said.out, 'one\ntwo\n')
  const size = 3_000_000
  const copy = open(['run', 'main', '--', 'cat'])
  copy.child.stdin?.end('x'.repeat(size))
  t.equal(await copy.ended, 0)
  t.equal(copy.said.out.length, size)
})

t.test(
  'with a terminal the command gets one: its size, its name, its changes, Ctrl-C, and words as they are',
  async (t) => {
    const attack = `$(touch ${data}/owned); '"; touch ${data}/owned; #`
    const plain = open(
      [
        'run',
        'main',
        '--',
        'sh',
        '-c',
        quoted('tty; echo "$TERM $1"; env | grep -c ^HOSTENV_RUN_; exit 6'),
        'sh',
        quoted(attack),
      ],
      ['-tt'],
    )
    t.equal(await plain.ended, 6)
    t.match(plain.said.out, /^\/dev\/pts\/\d+\r\n/)
    t.ok(plain.said.out.includes(attack), plain.said.out)
    t.match(plain.said.out, /\r\n0\r\n$/, 'nothing of ours is left in its variables')
    t.notOk(existsSync(join(data, 'owned')), 'no word is read by a shell')

    // A real terminal around the client, which tells its size and its changes.
    const inner = 'stty size; trap "echo changed; stty size; exit 9" WINCH; echo ready; while :; do sleep 0.1; done'
    const words = ['run', 'main', '--', 'sh', '-c', quoted(quoted(inner))]
    const [program, ...args] = receiver.sshCommand().split(' ')
    const ssh = [program, ...args, '-t', '-p', `${receiver.sshPort}`, 'hostenv@127.0.0.1', ...words].join(' ')
    const text = `stty rows 33 cols 101; tty > ${receiver.home}/tty; exec ${ssh}`
    const argv: [string, ...string[]] = ['script', '-qefc', text, '/dev/null']
    const child = start({ argv, env: { ...cleanEnv(receiver.home), TERM: 'xterm' } }, ['pipe', 'pipe', 'ignore'])
    let seen = ''
    child.stdout?.setEncoding('utf8').on('data', (more: string) => {
      seen += more
    })
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    await until('the command', () => seen.includes('ready'))
    t.match(seen, /33 101/)
    const resize: [string, ...string[]] = [
      'stty',
      '-F',
      readFileSync(join(receiver.home, 'tty'), 'utf8').trim(),
      'rows',
      '44',
      'cols',
      '55',
    ]
    await run({ argv: resize, env: cleanEnv(receiver.home) })
    t.equal(await ended, 9)
    t.match(seen, /changed\r\n44 55/)

    const interrupted = open(
      [
        'run',
        'main',
        '--',
        'sh',
        '-c',
        quoted('trap "echo stopped; exit 8" INT; echo ready; while :; do sleep 0.1; done'),
      ],
      ['-tt'],
    )
    await until('the command', () => interrupted.said.out.includes('ready'))
    interrupted.child.stdin?.write('\u0003')
    t.equal(await interrupted.ended, 8)
    t.match(interrupted.said.out, 'stopped')
  },
)

t.test('a command ends with its client, and hears of it first', async (t) => {
  const mark = `mark-${process.pid}`
  for (const flags of [[], ['-tt']]) {
    // Two seconds after the hang-up it is killed: what it does then must begin at once, and may be cut off on a machine that stalls.
    const text = `trap "echo hung up > ${mark}; exit" HUP; echo ready; while :; do sleep 300 & wait $!; done`
    for (let tries = 0; tries < 3 && !existsSync(join(data, mark)); tries++) {
      const left = open(['run', 'main', '--', 'sh', '-c', quoted(text)], flags)
      await until('the command', () => left.said.out.includes('ready'))
      left.child.kill('SIGKILL')
      await until('its end', () => !processesOf(receiver.directory).some(({ command }) => command.includes(mark)))
    }
    t.ok(existsSync(join(data, mark)), `it heard the hang-up ${flags}`)
    await runIn('main', 'rm', mark)
  }
  const deaf = open([
    'run',
    'main',
    '--',
    'sh',
    '-c',
    quoted(`trap "" HUP TERM; : ${mark}; echo ready; while :; do sleep 0.1; done`),
  ])
  await until('the command', () => deaf.said.out.includes('ready'))
  deaf.child.kill('SIGKILL')
  await until('its end', () => !processesOf(receiver.directory).some(({ command }) => command.includes(mark)))
})

t.test('who may only see the project runs nothing there and restarts nothing, but reads', async (t) => {
  const asVic = (...words: string[]) => receiver.sshAs(vic, words)
  for (const words of [
    ['run', 'main', '--', 'true'],
    ['restart', 'main'],
    ['cancel', 'd1'],
  ]) {
    const refused = await asVic(...words)
    t.equal(refused.code, 1, words.join(' '))
    t.match(
      refused.stderr.replaceAll(/\n */g, ' '),
      /vic may not .* that takes a deployer, and this key is a viewer there/,
    )
  }
  t.equal((await asVic('ps', 'main')).code, 0)
  t.equal((await asVic('logs', 'main', 'web')).code, 0)
  t.match(
    (await asVic('run', 'elsewhere', '--', 'true')).stderr,
    /There is no environment 'elsewhere' that you may see/,
  )
  t.match((await asVic('run', 'dev', '--', 'true')).code, 1)
  const dev = await runIn('dev', 'true')
  t.match(dev.stderr, /nothing of dev is live/)
})

t.test('ps, restart and logs of a process', async (t) => {
  const ps = async () => documents.ps.parse(JSON.parse((await receiver.ssh('ps', 'main', '--json')).stdout))
  t.match(await ps(), [{ project: 'acme/helloweb', key: 'main', name: 'web', state: 'up', lastEnd: null }])
  t.match((await receiver.ssh('ps', 'main')).stdout, /^PROCESS +STATE +FOR +ENDED LAST\nweb +up/)
  const following = open(['logs', 'main', 'web', '--follow'])
  await until('the first line', () => /listening on/.test(following.said.out))
  const count = () => [...following.said.out.matchAll(/listening on/g)].length
  t.equal(count(), 1)
  const page = () => get(receiver.httpPort, hostname('main')).then(({ status }) => status)
  const restarting = receiver.ssh('restart', 'main', 'web')
  t.equal(await page(), 200, 'requests wait while it restarts')
  t.match(await restarting, { code: 0, stdout: 'web restarted' })
  await until('the line of the new process', () => count() === 2)
  t.match(await ps(), [{ name: 'web', state: 'up', lastEnd: 'exit 0' }])
  following.child.kill('SIGTERM')
  await following.ended
  t.equal((await receiver.ssh('logs', 'main', 'web', '--lines', '1')).stdout.split('\n').length, 1)
  t.match(await receiver.ssh('restart', 'main', '../x'), {
    code: 1,
    stderr: /has no process of that name\n {2}There are: web/,
  })
  t.match(await receiver.ssh('logs', 'main', '../../data'), { code: 1, stderr: /has no process of that name/ })
  t.match(await receiver.ssh('open', 'main'), { code: 0, stdout: `http://${hostname('main')}:${receiver.httpPort}` })
  t.match(await receiver.ssh('open', 'dev'), { code: 1, stderr: /Nothing of dev is live/ })
  t.equal((await receiver.ssh('restart', 'staging')).stdout, 'web restarted')
})

t.test(
  'logs --follow re-attaches to a deploy and ends with its outcome; cancel ends one that has not switched',
  async (t) => {
    const started = join(receiver.directory, 'go')
    await project.commit('Slow', { 'build.sh': 'echo working; sleep 3; echo page 2 > $out\n' })
    const pushing = project.push(receiver, 'main')
    await until('the deploy', async () => (await receiver.ssh('envs', '--json')).stdout.includes('deploying'))
    const watching = open(['logs', 'main', '--follow'])
    t.equal((await pushing).code, 0)
    t.equal(await watching.ended, 0)
    t.match(watching.said.out, /working[\s\S]*Live at .*\n.*release 2/)

    await project.commit('Slower', { 'build.sh': 'echo endless; sleep 600; echo page 3 > $out\n' })
    const endless = project.push(receiver, 'main', {
      onLine: ({ text }) => {
        if (/endless/.test(text)) writeFileSync(started, '')
      },
    })
    await until('the build', () => existsSync(started))
    const follower = open(['logs', 'main', '--follow'])
    await until('the log', () => follower.said.out.includes('endless'))
    const id =
      /logs (d\d+)/.exec((await receiver.ssh('logs', 'main', '--json')).stdout)?.[1] ??
      `d${JSON.parse((await receiver.ssh('logs', 'main', '--json')).stdout).deploy}`
    t.match(await receiver.ssh('cancel', id), { code: 0, stdout: /is cancelled; what is live stays as it is/ })
    t.match((await endless).stderr, /\[remote rejected\] main -> main \(cancelled by admin; log d\d+\)/)
    t.equal(await follower.ended, 1)
    t.match(follower.said.err, /was refused: cancelled by admin/)
    t.match(await receiver.ssh('cancel', id), { code: 1, stderr: /has ended already/ })
    t.match((await get(receiver.httpPort, hostname('main'))).body, /release 2/)
    const again = await receiver.ssh('logs', id, '--follow')
    t.equal(again.code, 1, 'a deploy that has ended is printed, and its outcome is the exit')
  },
)

t.test('envs --watch prints again what changed, and ends with its client', async (t) => {
  const watching = open(['envs', '--watch', '--json'])
  const docs = () =>
    watching.said.out
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => documents.envs.parse(JSON.parse(line)))
  await until('the first document', () => docs().length === 1)
  await project.commit('Quick again', { 'build.sh': 'echo page 4 > $out\n' })
  t.equal((await project.push(receiver, 'main')).code, 0)
  await until(
    'the change',
    () =>
      docs()
        .at(-1)
        ?.find(({ key }) => key === 'main')?.release === 3,
  )
  watching.child.kill('SIGTERM')
  await watching.ended
  const terminal = open(['envs', '--watch'], ['-tt'])
  await until('the table', () => terminal.said.out.includes('main'))
  t.ok(terminal.said.out.startsWith('\u001b[H\u001b[2J'), 'drawn in place')
  terminal.child.stdin?.write('\u0003')
  t.equal(await terminal.ended, 0, 'Ctrl-C ends it')
})

t.test('a command ends with its environment, also where the services are dead already', async (t) => {
  const words = ['run', 'staging', '--', 'sh', '-c', quoted('echo ready; exec sleep 7777')]
  const command = open(words)
  await until('the command', () => command.said.out.includes('ready'))
  const [service = 0] = tree(receiver, factsOf('staging', 'acme/hello-web').userName)
  process.kill(service, 'SIGKILL')
  t.equal((await receiver.ssh('destroy', 'staging', '--confirm', 'staging')).code, 0)
  t.same(
    processesOf(receiver.directory).filter(({ command }) => command.includes('7777')),
    [],
  )
  t.not(await command.ended, 0)
})
