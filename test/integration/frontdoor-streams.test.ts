// The front door and what is long, slow or cut off: streams both ways, ends that come too early, and who never answers.
import { once } from 'node:events'
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { t } from 'tap'
import { until } from '../helpers/agree.ts'
import { frontDoor, get, raw } from './frontdoor-support.ts'

const world = await frontDoor({ maxRequests: 8 })
t.teardown(() => world.end())
const { port } = world

t.test('parts of an answer come when they are written', async (t) => {
  const world = await frontDoor({ answerTimeout: 3000 })
  t.teardown(() => world.end())
  const { port } = world
  let next: (() => void) | undefined
  await world.serve('events', (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.flushHeaders()
    next = () => response.write('data: x\n\n')
  })
  const sent = request({ port, host: '127.0.0.1', headers: { Host: 'events.x' }, agent: false })
  sent.end()
  const [message] = (await once(sent, 'response')) as [IncomingMessage]
  t.equal(message.statusCode, 200, 'the head is there before anything is written')
  for (let i = 0; i < 3; i++) {
    const part = once(message, 'data')
    next?.()
    t.equal(String((await part)[0]), 'data: x\n\n')
  }
  await sleep(3500)
  t.notOk(message.destroyed, 'a stream that is quiet for longer than an answer may take is left alone')
  sent.destroy()
})

t.test('ends that come too early', async (t) => {
  const reached = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<string>()
  await world.serve('early', (incoming, response) => {
    if (incoming.url === '/half') {
      response.writeHead(200, { 'Content-Length': 100 })
      response.write('half', () => incoming.socket.destroy())
    } else if (incoming.url === '/drop') incoming.socket.destroy()
    else if (incoming.url === '/garbage') incoming.socket.end('NOT HTTP\r\n\r\n')
    else {
      incoming.socket.once('close', () => ended.resolve('ended'))
      reached.resolve()
    }
  })
  t.match(
    await raw(port, 'GET /half HTTP/1.1\r\nHost: early.x\r\n\r\n'),
    /half$/,
    'half an answer is cut off, not left open',
  )
  t.match(await get(port, 'early.x', { path: '/drop' }), { status: 502, body: 'The environment did not answer.\n' })
  t.match(await get(port, 'early.x', { path: '/garbage' }), { status: 502 })
  const sent = request({ port, host: '127.0.0.1', path: '/wait', headers: { Host: 'early.x' }, agent: false })
  sent.on('error', () => {})
  sent.end()
  await reached.promise
  sent.destroy()
  // Long before the time for an answer is over.
  const goesOn = sleep(20_000, 'goes on', { ref: false })
  t.equal(await Promise.race([ended.promise, goesOn]), 'ended', 'a client that leaves ends the request behind')
})

t.test('who stands still is not waited for', async (t) => {
  const answers = await frontDoor({ answerTimeout: 400 })
  const bodies = await frontDoor({ bodyTimeout: 300 })
  t.teardown(() => Promise.all([answers.end(), bodies.end()]))
  const ended = Promise.withResolvers<void>()
  await answers.serve('still', (incoming) => void incoming.socket.once('close', () => ended.resolve()))
  await bodies.serve('still', () => {})
  t.match(await get(answers.port, 'still.x'), { status: 504 })
  await ended.promise
  const upgrade = 'GET / HTTP/1.1\r\nHost: still.x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  t.match(await raw(answers.port, upgrade), /^HTTP\/1\.1 504 /)
  const stopped = await raw(bodies.port, 'POST / HTTP/1.1\r\nHost: still.x\r\nContent-Length: 10\r\n\r\nab')
  t.match(stopped, /^HTTP\/1\.1 408 /, 'nor a body that stops')
})

t.test('one environment cannot use up the front door', async (t) => {
  const taken: ServerResponse[] = []
  await world.serve('hangs', (_, response) => void taken.push(response))
  await world.serve('other', (_, response) => void response.end('other'))
  let refused = 0
  const all = Array.from({ length: 20 }, async () => {
    const { status } = await get(port, 'hangs.x')
    if (status === 503) refused++
    return status
  })
  await until('all are taken or refused', () => taken.length + refused === 20)
  t.equal(refused, 12)
  t.equal((await get(port, 'other.x')).status, 200)
  for (const response of taken) response.end()
  t.equal((await Promise.all(all)).filter((status) => status === 200).length, 8)
})

t.test('400 MB pass each way in bounded memory, and a reader that stops stops the writer', async (t) => {
  const MB = 1024 * 1024
  let written = 0
  const before = process.memoryUsage.rss()
  let highest = 0
  const watching = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage.rss())
  }, 10)
  const writeAll = async (to: Writable) => {
    written = 0
    const block = Buffer.alloc(MB / 4)
    for (let i = 0; i < 1600; i++) {
      const room = to.write(block)
      written += block.length
      if (!room) await once(to, 'drain')
    }
    to.end()
  }
  await world.serve('big', async (incoming, response) => {
    if (incoming.method === 'GET') return void writeAll(response)
    await sleep(200)
    t.ok(written < 16 * MB, `an environment that does not read was sent ${written} bytes`)
    let bytes = 0
    for await (const chunk of incoming) bytes += chunk.length
    response.end(String(bytes))
  })
  const sent = request({ port, host: '127.0.0.1', method: 'POST', headers: { Host: 'big.x' }, agent: false })
  void writeAll(sent)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  t.equal(Buffer.concat(await answer.toArray()).toString(), String(400 * MB))

  const asked = request({ port, host: '127.0.0.1', headers: { Host: 'big.x' }, agent: false })
  asked.end()
  const [download] = (await once(asked, 'response')) as [IncomingMessage]
  await sleep(200)
  t.ok(written < 16 * MB, `${written} bytes were taken for a client that does not read`)
  let bytes = 0
  for await (const chunk of download) bytes += chunk.length
  t.equal(bytes, 400 * MB)
  clearInterval(watching)
  t.ok(
    highest - before < 192 * MB,
    `client, front door and environment together took ${(highest - before) / MB} MB more`,
  )
})
