// The front door in its own thread: what it is told holds when it has answered, what is committed holds at once, and it never waits
// for the receiver.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { Agent, createServer, type RequestListener, type Server } from 'node:http'
import { join } from 'node:path'
import { t } from 'tap'
import { defaultLimits } from '../../src/config/limits.ts'
import type { DoorSettings } from '../../src/frontdoor/door-talk.ts'
import { startDoorThread } from '../../src/frontdoor/start-door-thread.ts'
import { userName } from '../../src/lib/names.ts'
import type { Manifest } from '../../src/records.ts'
import { virtualHosts } from '../../src/resolve/virtual-host-schema.ts'
import { State } from '../../src/state/state.ts'
import { until } from '../helpers/agree.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { get } from './frontdoor-support.ts'

const directory = tempDir(t)
const stateDir = join(directory, 'state')
const runtimeDir = join(directory, 'run')
mkdirSync(stateDir)
const state = new State(stateDir, () => null)
const failures: Error[] = []
const warnings: object[] = []
const settings = (more: Partial<DoorSettings> = {}): DoorSettings => ({
  ...{ limits: defaultLimits, projects: {}, command: 'ssh -p 1 hostenv@host ', ...more },
})
let now = settings()
const options = {
  ...{ stateDir, runtimeDir, domain: 'apps.example', settings: () => now },
  log: { warn: (fields: object) => void warnings.push(fields) },
  failed: (error: Error) => void failures.push(error),
}
const door = startDoorThread(options)
const { port } = await door.listen('127.0.0.1', 0)
const servers = new Set<Server>()
t.teardown(async () => {
  for (const server of servers) server.close().closeAllConnections()
  await door.close()
  state[Symbol.dispose]()
})

/** Makes an environment known that is not live yet; answers its host name and its user name. */
function declare(project: string, hosts: object = {}): { host: string; user: string } {
  const user = userName('acme', project, 'main')
  const host = `${user}.apps.example`
  const main = { enable: true, type: 'production', users: {}, virtualHosts: virtualHosts.parse(hosts) }
  const policy = { environments: { main }, defaultEnvironment: null, warnings: [] }
  state.projects.setPolicy(`acme/${project}`, 'c'.repeat(40), policy as unknown as Manifest)
  state.environments.reserve(`acme/${project}`, 'main', user)
  mkdirSync(join(runtimeDir, 'upstream', user), { recursive: true })
  return { host, user }
}

async function serve(user: string, listener: RequestListener): Promise<Server> {
  const server = createServer(listener)
  servers.add(server)
  const path = join(runtimeDir, 'upstream', user, 'in.sock')
  rmSync(path, { force: true })
  server.listen(path)
  await once(server, 'listening')
  return server
}

async function stop(server: Server): Promise<void> {
  servers.delete(server)
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  await closed
}

t.test('what is committed holds for the next request', async (t) => {
  const { host, user } = declare('at-once')
  await serve(user, (_, response) => void response.end('here'))
  for (let n = 1; n <= 20; n++) {
    t.equal((await get(port, host)).status, 404)
    t.same(await door.served([host]), [null])
    state.environments.setLive('acme/at-once', 'main', n)
    t.match(await get(port, host), { status: 200, body: 'here' })
    t.same(await door.served([host]), [join(runtimeDir, 'upstream', user)])
    state.environments.setLive('acme/at-once', 'main', null)
  }
  state.environments.setLive('acme/at-once', 'main', 1)
  declare('at-once', { [host]: { locations: { '/gone': { return: 410 } } } })
  t.equal((await get(port, host, { path: '/gone' })).status, 410, 'and so does a policy')
})

t.test('what the operator changes holds once the thread has said so', async (t) => {
  const { user } = declare('shop', { 'www.shop.example': {} })
  state.environments.setLive('acme/shop', 'main', 1)
  await serve(user, (_, response) => void response.end('shop'))
  t.equal((await get(port, 'www.shop.example')).status, 404)
  now = settings({ projects: { 'acme/shop': { domains: ['*.shop.example'] } } })
  await door.changed()
  t.match(await get(port, 'www.shop.example'), { status: 200, body: 'shop' })
  now = settings({ limits: { ...defaultLimits, frontDoor: { ...defaultLimits.frontDoor, maxRequests: 0 } } })
  await door.changed()
  t.equal((await get(port, `${user}.apps.example`)).status, 503)
  t.equal((await get(port, 'www.shop.example')).status, 404, 'a grant that is taken back too')
  now = settings()
  await door.changed()
})

t.test('a switch that begins while requests are in the air loses none', async (t) => {
  const { host, user } = declare('switches')
  state.environments.setLive('acme/switches', 'main', 1)
  const agent = new Agent({ keepAlive: true })
  const got: string[] = []
  let over = false
  const client = async (mine: Agent | undefined) => {
    while (!over) {
      const { status, body } = await get(port, host, mine === undefined ? {} : { agent: mine })
      got.push(`${status} ${body}`)
    }
  }
  let server = await serve(user, (_, response) => void response.end('0'))
  const clients = Array.from({ length: 12 }, (_, n) => client(n % 2 === 0 ? agent : undefined))
  const answered = async (word: string) => {
    while (!got.includes(`200 ${word}`)) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await answered('0')
  for (let n = 1; n <= 10; n++) {
    await door.begin(user)
    await stop(server)
    await new Promise((resolve) => setTimeout(resolve, 30))
    server = await serve(user, (_, response) => void response.end(String(n)))
    door.end(user)
    await answered(String(n))
  }
  over = true
  await Promise.all(clients)
  agent.destroy()
  t.same([...new Set(got)].sort(), Array.from({ length: 11 }, (_, n) => `200 ${n}`).sort())
})

t.test('connections to an environment are kept, as many as there are requests at once', async (t) => {
  const { host, user } = declare('kept')
  state.environments.setLive('acme/kept', 'main', 1)
  let connections = 0
  const server = await serve(user, (_, response) => void setTimeout(() => response.end('kept'), 20))
  server.on('connection', () => connections++)
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 64 })
  for (let round = 0; round < 4; round++)
    await Promise.all(Array.from({ length: 64 }, () => get(port, host, { agent })))
  agent.destroy()
  t.ok(connections <= 64, `${connections} connections for 256 requests, 64 at once`)
})

t.test('a receiver that is busy holds up nobody', async (t) => {
  const { host } = declare('busy', {
    [`${userName('acme', 'busy', 'main')}.apps.example`]: { globalRedirect: 'to.example' },
  })
  state.environments.setLive('acme/busy', 'main', 1)
  // This thread does nothing else until curl has its answer.
  const said = execFileSync('curl', ['-s', '-m', '60', '-i', '-H', `Host: ${host}`, `http://127.0.0.1:${port}/a`])
  t.match(said.toString(), /^HTTP\/1\.1 301 [\s\S]*Location: http:\/\/to\.example\/a/)
})

t.test('connections are counted, and what goes wrong is told', async (t) => {
  const { host, user } = declare('nobody')
  state.environments.setLive('acme/nobody', 'main', 1)
  const agent = new Agent({ keepAlive: true })
  const before = door.connections()
  const told = warnings.length
  t.equal((await get(port, host, { agent })).status, 502)
  t.ok(door.connections() > 0, `${before} before, ${door.connections()} with a kept one`)
  agent.destroy()
  await until('the thread has told it', () => warnings.length > told)
  t.match(warnings.at(-1), { upstream: join(runtimeDir, 'upstream', user), err: { code: 'ENOENT' } })
})

t.test('requests on their way end before the thread does, and nobody takes that for a failure', async (t) => {
  const { host, user } = declare('slow')
  state.environments.setLive('acme/slow', 'main', 1)
  const other = startDoorThread({ ...options, runtimeDir: join(directory, 'other') })
  const { port } = await other.listen('127.0.0.1', 0)
  mkdirSync(join(directory, 'other', 'upstream', user), { recursive: true })
  const asked = Promise.withResolvers<() => void>()
  const server = createServer((_, response) => asked.resolve(() => response.end('at last')))
  server.listen(join(directory, 'other', 'upstream', user, 'in.sock'))
  servers.add(server)
  const got = get(port, host)
  const answer = await asked.promise
  const closed = other.close()
  answer()
  t.match(await got, { status: 200, body: 'at last' })
  await closed
  await t.rejects(other.begin(user), { message: 'the front door is closed' })
  t.same(failures, [])
})

t.test('a port that is taken is told with its code', async (t) => {
  const other = startDoorThread({ ...options, runtimeDir: join(directory, 'taken') })
  await t.rejects(other.listen('127.0.0.1', port), { code: 'EADDRINUSE' })
  await other.close()
})

t.test('a thread that fails says so once, and nobody waits for it for ever', async (t) => {
  const failed = Promise.withResolvers<Error>()
  const broken = startDoorThread({ ...options, stateDir: join(directory, 'nowhere'), failed: failed.resolve })
  await t.rejects(broken.listen('127.0.0.1', 0), { message: /unable to open database/ })
  t.match(await failed.promise, { message: /unable to open database/ })
  await t.rejects(broken.begin('x'))
})
