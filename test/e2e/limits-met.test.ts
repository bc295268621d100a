// Limits that are lowered while a receiver runs, and then met: the front door's, the log's, a build's, an evaluation's.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { get } from '../helpers/http.ts'
import { makeProject } from '../helpers/project.ts'
import { makeQuickProject } from '../helpers/quick-project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { hostname } from '../helpers/standing.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const file = join(tempDir(t, 'c'), 'hostenv.yaml')
writeFileSync(file, '')
const receiver = await startReceiver(t, { args: ['--config', file] })
const project = await makeQuickProject(t)
const host = hostname('main')
const logs = join(receiver.stateDir, 'log')

function log(): string {
  const names = readdirSync(logs).filter((name) => name.startsWith('hostenv.log'))
  return names
    .sort((a, b) => b.length - a.length || b.localeCompare(a))
    .map((name) => readFileSync(join(logs, name), 'utf8'))
    .join('')
}

async function until(done: () => boolean, what: string): Promise<void> {
  for (const deadline = Date.now() + 30_000; !done(); await sleep(20))
    if (Date.now() > deadline) throw new Error(`it did not come to that within 30 s: ${what}`)
}

/** Puts these limits in force, and only these. */
async function limit(limits: object = {}): Promise<void> {
  const reloads = () => log().split('"configuration reloaded"').length
  const before = reloads()
  writeFileSync(`${file}.new`, JSON.stringify({ limits }))
  renameSync(`${file}.new`, file)
  await until(() => reloads() !== before, 'reloaded')
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.on('error', reject)
  })
}

/** Everything that comes until the other side closes. */
function rest(socket: Socket): Promise<string> {
  let said = ''
  socket.on('data', (chunk: Buffer) => {
    said += chunk
  })
  return new Promise((resolve) => socket.once('close', () => resolve(said)))
}

t.test('the front door takes so many connections; one more is told, and the others go on', async (t) => {
  t.equal((await project.push(receiver, 'main')).code, 0)
  await limit({ frontDoor: { maxConnections: 2 } })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = () =>
    new Promise<number>((resolve, reject) =>
      request({ port: receiver.httpPort, agent, headers: { host } }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
      })
        .on('error', reject)
        .end(),
    )
  t.equal(await ask(), 200)
  const second = await open(receiver.httpPort)
  const refused = await get(receiver.httpPort, host)
  t.match(refused, {
    status: 503,
    headers: { 'retry-after': '5', connection: 'close' },
    body: /cannot take this request/,
  })
  t.equal(await ask(), 200, 'who was there before is served')
  second.destroy()
  agent.destroy()
  await limit()
  const many = await Promise.all([open(receiver.httpPort), open(receiver.httpPort), open(receiver.httpPort)])
  t.equal((await get(receiver.httpPort, host)).status, 200)
  for (const socket of many) socket.destroy()
})

t.test('the head of a request has its time, from the next connection on', async (t) => {
  await limit({ frontDoor: { headTimeout: '300ms' } })
  const socket = await open(receiver.httpPort)
  const answered = rest(socket)
  socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n`)
  t.match(await answered, /^HTTP\/1\.1 408 /)
  t.equal((await get(receiver.httpPort, host)).status, 200)
  await limit()
})

t.test('requests wait only as long as they may now', async (t) => {
  await limit({ heldTime: '300ms' })
  // Nobody answers for a while: with the default each request would wait for the end of that.
  const activate = 'rm -f "$HOSTENV_UPSTREAM_DIR/in.sock"; while [ -e "$HOSTENV_DATA_DIR/wait" ]; do sleep 0.1; done\n'
  const wait = join(receiver.stateDir, 'env', host.replace('.localhost', ''), 'data/wait')
  writeFileSync(wait, '')
  await project.commit('Slow to switch', { 'activate.sh': activate, 'greeting.txt': 'another\n' })
  const pushed = project.push(receiver, 'main')
  const asked = async () => (await get(receiver.httpPort, host)).status
  for (const deadline = Date.now() + 60_000; (await asked()) === 200 && Date.now() < deadline; ) await sleep(50)
  t.equal(await asked(), 503)
  await limit()
  const waits = asked()
  rmSync(wait)
  t.equal(await waits, 200)
  t.equal((await pushed).code, 0)
})

t.test('the log of a receiver that runs is rotated at its size, and only so many old ones stay', async (t) => {
  await limit({ logBytes: '4KiB', logFiles: 2 })
  const old = readFileSync(join(logs, 'hostenv.log'), 'utf8')
  const rotated = () => existsSync(join(logs, 'hostenv.log.2'))
  for (let asked = 0; asked < 200 && !rotated(); asked++) await receiver.ssh('whoami')
  t.ok(rotated())
  for (let asked = 0; asked < 20; asked++) await receiver.ssh('whoami')
  const files = readdirSync(logs).filter((name) => name.startsWith('hostenv.log'))
  t.strictSame(files.sort(), ['hostenv.log', 'hostenv.log.1', 'hostenv.log.2'])
  t.ok(statSync(join(logs, 'hostenv.log')).size <= 4096)
  t.notOk(log().includes(old.slice(0, 200)), 'the oldest lines are gone')
  for (const line of log().trim().split('\n')) t.ok(JSON.parse(line).time, 'no line is cut')
  await limit()
})

t.test('--log stderr and --log journald write there, with the priorities that journald reads', async (t) => {
  await receiver.stop()
  const kept = log()
  await receiver.restart({ args: ['--config', file, '--log', 'stderr'] })
  await until(() => /^\{"level":30,.*"msg":"ready"\}$/m.test(receiver.log()), 'a line of JSON')
  await receiver.restart({ args: ['--config', file, '--log', 'journald'] })
  await until(() => /^<6>\{"level":30,.*"msg":"ready"\}$/m.test(receiver.log()), 'a line of JSON with its priority')
  t.equal(log(), kept, 'nothing more comes into the file')
  await receiver.restart({ args: ['--config', file] })
})

t.test('a build that says too much is ended, and the limit is named', async (t) => {
  await limit({ derivationLogBytes: '4KiB' })
  const says =
    'i=0; while [ $i -lt 2000 ]; do echo "line $i of a build that says more than anybody reads"; i=$((i+1)); done; echo page > $out\n'
  await project.commit('Says much', { 'build.sh': says, 'activate.sh': ':\n' })
  const ended = await project.push(receiver, 'main')
  t.match(ended, {
    code: 1,
    stderr: /build failed: page wrote more than 4KiB of log \(limits\.derivationLogBytes\); log d\d+/,
  })
  await limit()
  t.equal((await project.push(receiver, 'main')).code, 0, 'the same with the default')
})

t.test('an evaluation has its number of processes', async (t) => {
  await limit({ evaluationProcesses: 1, evaluationTime: '30s' })
  const other = await makeProject(t, 'hello-web', {
    '.hostenv/hostenv.nix': `{ ... }: { environments.main.type = builtins.foldl' (a: _: builtins.foldl' (b: _: b) a (builtins.genList (n: n) 10000)) "production" (builtins.genList (n: n) 10000); }\n`,
  })
  const refused = await other.push(receiver, 'main', { name: 'acme/forks' })
  t.equal(refused.code, 1)
  // The kernel holds everybody but root to it, and Nix says it in its own words.
  if (process.getuid?.() === 0) t.match(refused.stderr, /evaluation failed: \d processes ran at once; at most 1 may\s/)
  else t.match(refused.stderr, /unavailable|limits\.evaluationProcesses/)
  await limit()
})
