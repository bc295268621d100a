// A socket of an environment through ssh -L, and what may not be reached that way. Each attack is one that a pushed service, or a
// person with some rights, could try.
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { start } from '../../src/lib/spawn.ts'
import { until } from '../helpers/agree.ts'
import { type Key, makeKey } from '../helpers/keys.ts'
import { webModule } from '../helpers/module.ts'
import { cleanEnv } from '../helpers/programs.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { factsOf } from '../helpers/standing.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const directory = tempDir(t, 's')
const [dora, vic] = [await makeKey(directory, 'dora'), await makeKey(directory, 'vic')]
const config = join(directory, 'hostenv.yaml')
const users = { dora: { keys: [dora.publicKey] }, vic: { keys: [vic.publicKey] } }
const configure = (access: object, limits: object = {}) =>
  writeFileSync(config, JSON.stringify({ users, projects: { 'acme/helloweb': { access } }, limits }))
configure({ dora: 'deployer', vic: 'viewer' })
const receiver = await startReceiver(t, { args: ['--config', config] })
const quick = 'deploymentVerification.upFor = 0;'
const project = await makeProject(t, 'hello-web', {
  '.hostenv/hostenv.nix': webModule({
    main: `type = "testing"; ${quick}`,
    'feature/foo': `type = "testing"; ${quick}`,
    other: `type = "testing"; ${quick}`,
  }),
})
for (const spec of ['main', 'main:feature/foo', 'main:other']) {
  const pushed = await project.push(receiver, spec)
  if (pushed.code !== 0) throw new Error(pushed.stderr)
}
const runtimeOf = (key: string) => join(receiver.runtimeDir, 'user', factsOf(key, 'acme/hello-web').userName)
const runtime = runtimeOf('main')

// What a service of the environment would do: it listens in its own directory. Half-close is the client's to make.
const servers: Server[] = []
function listen(path: string, serve: (socket: Socket) => void): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    serve(socket)
  })
  servers.push(server)
  return new Promise((resolve) => server.listen(path, resolve))
}
t.teardown(() => {
  for (const server of servers) server.close()
})
const echo = (socket: Socket) => void socket.pipe(socket)
mkdirSync(join(runtime, 'pg'))
for (const path of ['echo.sock', 'pg/.s.PGSQL.5432']) await listen(join(runtime, path), echo)
await listen(join(runtimeOf('feature/foo'), 'echo.sock'), (socket) => void socket.end('of foo'))
await listen(join(runtimeOf('other'), 'echo.sock'), (socket) => void socket.end('of other'))
// Counts to the end of what it hears, and answers only then.
await listen(join(runtime, 'count.sock'), (socket) => {
  let bytes = 0
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  socket.on('end', () => socket.end(String(bytes)))
})

let links = 0

/** `ssh -N -L LOCAL:REMOTE`, listening. */
async function forward(remote: string, key: Key = dora) {
  const local = join(directory, `l${++links}`)
  const [program = 'ssh', ...args] = receiver.sshCommand(key).split(' ')
  const argv: [string, ...string[]] = [
    program,
    ...args,
    '-N',
    '-L',
    `${local}:${remote}`,
    '-p',
    `${receiver.sshPort}`,
    'hostenv@127.0.0.1',
  ]
  const child = start({ argv, env: cleanEnv(receiver.home) }, ['ignore', 'ignore', 'ignore'])
  let over = false
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  ended.then(() => {
    over = true
  })
  // A path that the client itself refuses ends it.
  for (let tries = 0; tries < 600 && !listens(local) && !over; tries++) await sleep(50)
  return { local, child, ended }
}

// A socket is there a moment before anybody listens at it: of who does, unix(7) says so (flag __SO_ACCEPTCON).
function listens(path: string): boolean {
  const sockets = readFileSync('/proc/net/unix', 'utf8').split('\n')
  return sockets.some((line) => line.endsWith(` ${path}`) && line.split(/\s+/)[3] === '00010000')
}

/** Sends `text`, ends, and answers all that came back; null where the connection was cut without an answer. */
function ask(local: string, text: string | Buffer): Promise<string | null> {
  return new Promise((resolve) => {
    let back = ''
    const socket = connect({ path: local, allowHalfOpen: true })
    socket.setEncoding('utf8')
    socket.on('data', (more: string) => {
      back += more
    })
    socket.once('error', () => resolve(null))
    socket.once('close', () => resolve(back === '' ? null : back))
    socket.once('end', () => socket.destroy())
    socket.end(text)
  })
}

async function reach(remote: string, key: Key = dora, text: string | Buffer = 'hello'): Promise<string | null> {
  const { local, child, ended } = await forward(remote, key)
  const answer = await ask(local, text)
  child.kill('SIGKILL')
  await ended
  return answer
}

t.test('a socket of an environment, by its key, in folders, and with the project named', async (t) => {
  t.equal(await reach('main/echo.sock'), 'hello')
  t.equal(await reach('main/pg/.s.PGSQL.5432'), 'hello')
  t.equal(await reach('feature/foo/echo.sock'), 'of foo', 'a key with a slash')
  t.equal(await reach('acme/hello-web\\:main/echo.sock'), 'hello', 'ssh wants the colon with a backslash')
  t.equal(await reach('main/echo.sock', receiver.key), 'hello')
  t.match(await reach('main/in.sock', dora, 'GET / HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200/, 'the HTTP socket too')
})

t.test('both halves: the service hears the end of the question, the client all of the answer', async (t) => {
  const size = 20_000_000
  t.equal(await reach('main/count.sock', dora, Buffer.alloc(size)), String(size))
  const { local, child, ended } = await forward('main/echo.sock')
  const text = 'x'.repeat(5_000_000)
  t.equal((await ask(local, text))?.length, text.length, 'more than any window')
  t.same(await Promise.all(['a', 'b', 'c'].map((one) => ask(local, one))), ['a', 'b', 'c'], 'several at once')
  child.kill('SIGKILL')
  await ended
})

t.test('nothing else is reached', async (t) => {
  const other = join(runtimeOf('other'), 'echo.sock')
  writeFileSync(join(runtime, 'file.sock'), 'a file')
  symlinkSync(other, join(runtime, 'link.sock'))
  symlinkSync(runtimeOf('other'), join(runtime, 'folder'))
  symlinkSync(join(receiver.runtimeDir, 'admin.sock'), join(runtime, 'admin.sock'))
  for (const remote of [
    ...['main/file.sock', 'main/link.sock', 'main/folder/echo.sock', 'main/admin.sock', 'main/nothing.sock'],
    ...[
      'main/../other/echo.sock',
      `main/../${factsOf('other', 'acme/hello-web').userName}/echo.sock`,
      'main//echo.sock',
    ],
    ...['main/./echo.sock', 'main/', 'main/pg', 'main/s6', '/main/echo.sock', './main/echo.sock', 'nowhere/echo.sock'],
    ...[other, join(receiver.runtimeDir, 'admin.sock'), '/var/run/docker.sock', '../../admin.sock'],
    ...['acme/nothere\\:main/echo.sock', `main/${'a/'.repeat(40)}echo.sock`, 'main/a\\:b/echo.sock'],
  ])
    t.equal(await reach(remote), null, remote)
  t.same(
    readdirSync(join(receiver.runtimeDir, 'door')).filter((name) => /^s[0-9a-f]{12}$/.test(name)),
    [],
    'no private link is left',
  )
})

t.test('no TCP is forwarded, in neither direction, and nothing listens here', async (t) => {
  const [program = 'ssh', ...args] = receiver.sshCommand(dora).split(' ')
  for (const flags of [
    ['-R', '127.0.0.1:0:127.0.0.1:22'],
    ['-R', `${directory}/remote:127.0.0.1:22`],
    ['-W', '127.0.0.1:22'],
    ['-W', `127.0.0.1:${receiver.httpPort}`],
  ]) {
    const argv: [string, ...string[]] = [
      program,
      ...args,
      '-o',
      'ExitOnForwardFailure=yes',
      ...(flags[0] === '-W' ? [] : ['-N']),
      ...flags,
      '-p',
      `${receiver.sshPort}`,
      '127.0.0.1',
    ]
    const child = start({ argv, env: cleanEnv(receiver.home) }, ['ignore', 'pipe', 'pipe'])
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    t.equal(await new Promise((resolve) => child.once('close', resolve)), 255, flags.join(' '))
    t.match(said, /forwarding failed|open failed|prohibited|remote port/i)
  }
})

t.test('who may only see the project reaches no socket', async (t) => {
  t.equal(await reach('main/echo.sock', vic), null)
})

t.test('a right that is taken away ends what goes through, at once', async (t) => {
  const { local, child, ended } = await forward('main/echo.sock')
  const socket = connect(local)
  const cut = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const heard = new Promise<void>((resolve) => socket.once('data', () => resolve()))
  socket.on('error', () => undefined)
  socket.write('still here')
  await heard
  configure({ dora: 'viewer', vic: 'viewer' })
  await cut
  t.equal(await ask(local, 'again'), null, 'and nothing new is opened')
  child.kill('SIGKILL')
  await ended
  configure({ dora: 'deployer', vic: 'viewer' })
  await until('she has her right again', async () => (await reach('main/echo.sock')) === 'hello')
})

t.test(
  'a service that does not listen any more, or was never live, is not there; sockets of a file mode are',
  async (t) => {
    rmSync(join(runtime, 'pg/.s.PGSQL.5432'))
    t.equal(await reach('main/pg/.s.PGSQL.5432'), null)
    chmodSync(join(runtime, 'echo.sock'), 0o600)
    t.equal(await reach('main/echo.sock'), 'hello')
  },
)
