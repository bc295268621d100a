// What requests go through while their environment switches: they wait, within bounds, and none fails for the switch.
import { once } from 'node:events'
import { Agent, type IncomingMessage, type RequestListener, request, type Server } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { t } from 'tap'
import { until } from '../helpers/agree.ts'
import { frontDoor, get, raw } from './frontdoor-support.ts'

const world = await frontDoor({}, { heldTime: 30_000, heldPerEnvironment: 3, heldRequests: 4 })
const brief = await frontDoor({}, { heldTime: 1500 })
t.teardown(() => Promise.all([world.end(), brief.end()]))
const { port, room } = world

const say =
  (word: string): RequestListener =>
  (_, response) =>
    void response.end(word)

async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  await closed
}

t.test('requests wait while nothing listens, and get the new release', async (t) => {
  const old = await world.serve('a', say('old'))
  t.equal((await get(port, 'a.x')).body, 'old')
  room.begin('a')
  t.equal((await get(port, 'a.x')).body, 'old', 'what can be answered does not wait')
  await stop(old)
  const asked = [get(port, 'a.x'), get(port, 'a.x', { method: 'POST', body: 'hello' }), get(port, 'a.x')]
  await world.wait(3)
  await world.serve('a', async (incoming, response) => {
    response.end(`new ${Buffer.concat(await incoming.toArray())}`)
  })
  const got = await Promise.all(asked)
  t.same(
    got.map(({ status, body }) => `${status} ${body}`),
    ['200 new ', '200 new hello', '200 new '],
  )
  room.end('a')
})

t.test('a request that a process took before the switch, and never answered, gets the new release', async (t) => {
  const path = world.declare('s')
  const taken = Promise.withResolvers<Socket>()
  const old = createServer((socket) => void socket.once('data', () => taken.resolve(socket)))
  old.listen(path)
  await once(old, 'listening')
  const asked = get(port, 's.x')
  const socket = await taken.promise
  room.begin('s')
  old.close()
  await world.serve('s', say('new'))
  room.end('s')
  t.equal((await get(port, 's.x')).body, 'new')
  t.notOk(room.isSwitching('s'), 'the switch is over')
  socket.destroy()
  t.match(await asked, { status: 200, body: 'new' })
})

t.test('a request that waits too long is told when to come again', async (t) => {
  const { port, room } = brief
  brief.declare('b')
  room.begin('b')
  const begun = performance.now()
  const { status, headers, body } = await get(port, 'b.x')
  const waited = performance.now() - begun
  t.equal(status, 503)
  t.match(headers['retry-after'], /^\d+$/)
  t.match(body, /try again/)
  t.ok(waited >= 1450, `it waited ${waited} ms`)
  room.end('b')
  const ended = performance.now()
  t.match((await get(port, 'b.x')).status, /^50[23]$/)
  t.ok(performance.now() - ended > 1400, 'a release that is live and does not listen yet is waited for as long')
  await until('the switch is over', () => !room.isSwitching('b'))
  t.equal((await get(port, 'b.x')).status, 502, 'where nothing switches, nobody waits')
})

t.test('only so many wait for one environment, and for all', async (t) => {
  for (const name of ['c', 'd']) {
    world.declare(name)
    room.begin(name)
  }
  const first = [get(port, 'c.x'), get(port, 'c.x'), get(port, 'c.x')]
  await world.wait(3)
  const begun = performance.now()
  t.match(await get(port, 'c.x'), { status: 503, headers: { 'retry-after': '5' } }, 'the fourth for one environment')
  const other = get(port, 'd.x')
  await world.wait(4)
  t.equal((await get(port, 'd.x')).status, 503, 'the fifth in all')
  t.ok(performance.now() - begun < 20_000, 'they are told before their time is over')
  const servers = await Promise.all([world.serve('c', say('c')), world.serve('d', say('d'))])
  const all = await Promise.all([...first, other])
  t.same(all.map(({ body }) => body).toSorted(), ['c', 'c', 'c', 'd'])
  t.equal((await get(port, 'c.x')).status, 200)
  for (const name of ['c', 'd']) room.end(name)
  await Promise.all(servers.map(stop))
})

t.test('a client that leaves gives its place to another', async (t) => {
  world.declare('e')
  room.begin('e')
  const leaving = Array.from({ length: 3 }, () => connect(port, '127.0.0.1'))
  for (const socket of leaving) socket.write('GET / HTTP/1.1\r\nHost: e.x\r\n\r\n')
  await world.wait(3)
  t.equal((await get(port, 'e.x')).status, 503)
  for (const socket of leaving) socket.destroy()
  await world.wait(0)
  const waiting = get(port, 'e.x')
  await world.wait(1)
  await world.serve('e', say('e'))
  t.equal((await waiting).body, 'e')
  room.end('e')
})

t.test('the body of a request that waits is not read', async (t) => {
  world.declare('f')
  room.begin('f')
  let sent = 0
  const upload = request({ port, host: '127.0.0.1', method: 'PUT', headers: { Host: 'f.x' }, agent: false })
  const block = Buffer.alloc(64 * 1024)
  const writing = (async () => {
    for (let i = 0; i < 400; i++) {
      sent += block.length
      if (!upload.write(block)) await once(upload, 'drain')
    }
    upload.end()
  })()
  await sleep(400)
  t.ok(sent < 12 * 1024 * 1024, `${sent} bytes are on their way, in the buffers of both ends`)
  await world.serve('f', async (incoming, response) => {
    let bytes = 0
    for await (const chunk of incoming) bytes += chunk.length
    response.end(String(bytes))
  })
  const [message] = (await once(upload, 'response')) as [IncomingMessage]
  t.equal(Buffer.concat(await message.toArray()).toString(), String(400 * block.length))
  await writing
  room.end('f')
})

t.test('what fails on a kept connection that the old process closed is asked again', async (t) => {
  // It takes the request and closes without a word: what a process does that stops while one is on its way to it.
  let closing = false
  const seen: string[] = []
  const old = await world.serve('g', (incoming, response) => {
    seen.push(`${incoming.method}`)
    if (!closing) return void response.end('old')
    old.close()
    incoming.socket.destroy()
  })
  t.equal((await get(port, 'g.x')).body, 'old', 'a connection is kept now')
  closing = true
  room.begin('g')
  const asked = get(port, 'g.x')
  await until('it was taken', () => seen.length > 1 && !old.listening)
  await world.serve('g', say('new'))
  t.match(await asked, { status: 200, body: 'new' })

  seen.length = 0
  const second = await brief.serve('h', (incoming) => {
    seen.push(`${incoming.method}`)
    incoming.socket.destroy()
  })
  brief.room.begin('h')
  t.equal((await get(brief.port, 'h.x', { method: 'POST', body: 'once' })).status, 502)
  t.same(seen, ['POST'], 'what was sent with its body is not sent twice')
  room.end('g')
  brief.room.end('h')
  await until('the switch is over', () => !brief.room.isSwitching('h'))
  seen.length = 0
  t.equal((await get(brief.port, 'h.x')).status, 502)
  t.same(seen, ['GET'], 'nor is anything on a fresh connection, where nothing switches')
  await stop(second)
})

t.test('requests that cannot be sent twice never travel on a kept connection', async (t) => {
  const connections = new Set<unknown>()
  await world.serve('i', async (incoming, response) => {
    connections.add(incoming.socket)
    await incoming.toArray()
    response.end('ok')
  })
  const agent = new Agent({ keepAlive: true })
  for (let n = 0; n < 3; n++) await get(port, 'i.x', { agent })
  t.equal(connections.size, 1, 'GET requests share one')
  for (let n = 0; n < 3; n++) await get(port, 'i.x', { agent, method: 'POST', body: 'x' })
  t.equal(connections.size, 4)
  agent.destroy()
})

t.test('a WebSocket waits as well', async (t) => {
  world.declare('j')
  room.begin('j')
  const asked = raw(port, 'GET / HTTP/1.1\r\nHost: j.x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  await world.wait(1)
  const server = await world.serve('j', say('no upgrade'))
  server.on('upgrade', (_, socket) => {
    socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello')
  })
  t.match(await asked, /^HTTP\/1\.1 101 [\s\S]*hello$/)
  room.end('j')
})

t.test('a request that waits for an environment that is stopped learns that it is gone', async (t) => {
  world.declare('k')
  room.begin('k')
  const asked = get(port, 'k.x')
  await world.wait(1)
  world.forget('k')
  room.end('k')
  t.equal((await asked).status, 404)
})

t.test('a switch of two deploys at once ends with the second', async (t) => {
  world.declare('l')
  room.begin('l')
  room.begin('l')
  room.end('l')
  const asked = get(port, 'l.x')
  await world.wait(1)
  await world.serve('l', say('l'))
  t.equal((await asked).body, 'l')
  room.end('l')
  await get(port, 'l.x')
  t.notOk(room.isSwitching('l'), 'and with the first request that gets through')
})

t.test('another link to the socket, as the check of a release makes one, costs one look and no more', async (t) => {
  const { linkSync, readdirSync } = await import('node:fs')
  const { join } = await import('node:path')
  const connections = new Set<unknown>()
  const server = await world.serve('m', (incoming, response) => {
    connections.add(incoming.socket)
    response.end('m')
  })
  await get(port, 'm.x')
  linkSync(join(world.upstreamDir('m'), 'in.sock'), join(world.runtimeDir, 'another'))
  for (let n = 0; n < 5; n++) await get(port, 'm.x')
  t.equal(connections.size, 2)
  const names = () => readdirSync(join(world.runtimeDir, 'door')).sort()
  const before = names()
  for (let n = 0; n < 3; n++) await get(port, 'm.x')
  t.same(names(), before)
  t.ok(server.listening)
})
