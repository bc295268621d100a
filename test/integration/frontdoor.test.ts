// The front door in normal life: names, headers, bodies, restarts and WebSockets.
import { once } from 'node:events'
import { readdirSync, rmSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { t } from 'tap'
import { until } from '../helpers/agree.ts'
import { frontDoor, get, raw } from './frontdoor-support.ts'

const world = await frontDoor()
t.teardown(() => world.end())
const { port } = world

await world.serve('echo', async (request, response) => {
  const body = Buffer.concat(await request.toArray()).toString()
  const { method, url, rawHeaders } = request
  response.writeHead(200, ['X-One', '1', 'X-One', '2', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Keep-Alive', 'x'])
  response.end(JSON.stringify({ method, url, body, rawHeaders }))
})

type Echo = { method: string; url: string; body: string; rawHeaders: string[] }
const echoed = (body: string): Echo => JSON.parse(body)
const sentAs = (echo: Echo, name: string) =>
  echo.rawHeaders.filter((_, i, all) => i % 2 === 1 && all[i - 1]?.toLowerCase() === name)

t.test('a request reaches the environment that its Host names', async (t) => {
  for (const host of [
    'echo.localhost',
    'ECHO.LocalHost',
    'echo.localhost:8080',
    'echo.localhost.',
    'echo.localhost.:80',
  ]) {
    const { status, body, headers } = await get(port, host, { method: 'POST', path: '/a?b=c', body: 'hello' })
    t.equal(status, 200, host)
    t.match(echoed(body), { method: 'POST', url: '/a?b=c', body: 'hello' })
    t.same(sentAs(echoed(body), 'host'), [host], 'Host is passed on as it came')
    t.same(headers['set-cookie'], ['a=1', 'b=2'])
    t.equal(headers['x-one'], '1, 2')
  }
})

t.test('an unknown name gets a plain 404 that lists nothing', async (t) => {
  const { status, body, headers } = await get(port, 'nobody.localhost')
  t.equal(status, 404)
  t.equal(body, 'No environment has this name.\n')
  t.match(headers['content-type'], /^text\/plain/)
})

t.test('a request without a clear host is refused', async (t) => {
  const heads = [
    'GET / HTTP/1.1\r\n',
    'GET / HTTP/1.1\r\nHost:\r\n',
    'GET / HTTP/1.1\r\nHost: echo.localhost\r\nHost: other.localhost\r\n',
    'GET / HTTP/1.1\r\nHost: echo.localhost\r\nhost: echo.localhost\r\n',
    'GET / HTTP/1.1\r\nHost: echo.localhost, other\r\n',
    'GET / HTTP/1.1\r\nHost: echo.localhost/x\r\n',
    'GET / HTTP/1.1\r\nHost: user@echo.localhost\r\n',
    'GET http://other.localhost/ HTTP/1.1\r\nHost: echo.localhost\r\n',
    'GET / HTTP/1.0\r\n',
  ]
  for (const head of heads) {
    const text = await raw(port, `${head}Connection: close\r\n\r\n`)
    t.match(text, /^HTTP\/1\.1 400 /, JSON.stringify(head))
  }
  const absolute = await raw(
    port,
    'GET http://echo.localhost?x HTTP/1.1\r\nHost: ECHO.localhost\r\nConnection: close\r\n\r\n',
  )
  t.match(absolute, '"url":"/?x"', 'an absolute target that agrees is taken, in origin form')
})

t.test('who asked is what we say, not what the client says', async (t) => {
  const { body } = await get(port, 'echo.localhost:81', {
    headers: {
      ...{ Forwarded: 'for=1.2.3.4', 'X-Forwarded-For': '1.2.3.4', 'X-Forwarded-Host': 'evil', 'X-Real-IP': '1.2.3.4' },
      ...{ 'X-Forwarded-Proto': 'https', 'X-Forwarded-Prefix': '/x', X_Forwarded_For: '1.2.3.4', 'X-Own': 'kept' },
    },
  })
  const echo = echoed(body)
  t.same(sentAs(echo, 'x-forwarded-for'), ['127.0.0.1'])
  t.same(sentAs(echo, 'x-forwarded-host'), ['echo.localhost:81'])
  t.same(sentAs(echo, 'x-forwarded-proto'), ['http'])
  t.same(sentAs(echo, 'forwarded'), ['for=127.0.0.1;host="echo.localhost:81";proto=http'])
  t.same(sentAs(echo, 'x-own'), ['kept'])
  for (const gone of ['x_forwarded_for', 'x-real-ip', 'x-forwarded-prefix']) t.same(sentAs(echo, gone), [], gone)
})

t.test('fields of one connection stay on it, and cannot take the framing with them', async (t) => {
  const text = await raw(
    port,
    'POST / HTTP/1.1\r\nHost: echo.localhost\r\nConnection: close, X-Hop, Content-Length, Host\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n' +
      'TE: trailers\r\nProxy-Authorization: x\r\nTrailer: X\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nContent-Length: 2\r\n\r\nhi',
  )
  const echo = echoed(/\{.*\}/s.exec(text)?.[0] ?? '{}')
  t.equal(echo.body, 'hi')
  const names = echo.rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
  for (const hop of ['x-hop', 'keep-alive', 'te', 'proxy-authorization', 'trailer', 'upgrade', 'http2-settings'])
    t.notOk(names.includes(hop), hop)
  t.notMatch(text, /keep-alive: x/i, 'neither those of the answer')
})

t.test('messages with two framings are refused, and no body becomes a request', async (t) => {
  const table: readonly (readonly [string, RegExp])[] = [
    ['Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd', /^HTTP\/1\.1 400 /],
    ['Content-Length: +3\r\n\r\nabc', /^HTTP\/1\.1 400 /],
    ['Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n', /^HTTP\/1\.1 (400|501) /],
    ['Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', /^HTTP\/1\.1 501 /],
    ['Transfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['X: a\n b\r\n\r\n', /^HTTP\/1\.1 400 /],
  ]
  for (const [rest, status] of table)
    t.match(
      await raw(port, `POST / HTTP/1.1\r\nHost: echo.localhost\r\nConnection: close\r\n${rest}`),
      status,
      JSON.stringify(rest),
    )

  const inner = 'GET /smuggled HTTP/1.1\r\nHost: echo.localhost\r\n\r\n'
  for (const method of ['DELETE', 'OPTIONS', 'GET', 'POST']) {
    const chunk = `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`
    const text = await raw(
      port,
      `${method} / HTTP/1.1\r\nHost: echo.localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunk}`,
    )
    t.equal(echoed(/\{.*\}/s.exec(text)?.[0] ?? '{}').body, inner, `${method}: it is a body at the other end too`)
  }
})

t.test('HEAD, 204 and 304 have no body and do not hold up the next request', async (t) => {
  await world.serve('bare', (request, response) => {
    if (request.url === '/204') response.writeHead(204).end()
    else if (request.url === '/304') response.writeHead(304, { ETag: '"x"' }).end()
    else response.writeHead(200, { 'Content-Length': 5 }).end('12345')
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.match(await get(port, 'bare.x', { agent, method: 'HEAD' }), {
    status: 200,
    body: '',
    headers: { 'content-length': '5' },
  })
  t.match(await get(port, 'bare.x', { agent, path: '/204' }), { status: 204, body: '' })
  t.match(await get(port, 'bare.x', { agent, path: '/304' }), { status: 304, body: '', headers: { etag: '"x"' } })
  t.match(await get(port, 'bare.x', { agent }), { status: 200, body: '12345' })
  agent.destroy()
})

t.test('100-continue is the environment’s to give', async (t) => {
  const server = await world.serve('continue', (_, response) => void response.end('plain'))
  server.on('checkContinue', async (incoming: IncomingMessage, response) => {
    if (incoming.url === '/no') {
      response.writeHead(413, { Connection: 'close' }).end('no')
      return
    }
    response.writeContinue()
    response.end(`got ${Buffer.concat(await incoming.toArray())}`)
  })
  const ask = (path: string) => {
    const sent = request({
      ...{ port, host: '127.0.0.1', path, method: 'POST', agent: false },
      headers: { Host: 'continue.x', Expect: '100-continue', 'Content-Length': 4 },
    })
    sent.flushHeaders()
    return sent
  }
  const yes = ask('/yes')
  await once(yes, 'continue')
  yes.end('body')
  const [message] = (await once(yes, 'response')) as [IncomingMessage]
  t.equal(Buffer.concat(await message.toArray()).toString(), 'got body')

  const no = ask('/no')
  no.on('continue', () => t.fail('nobody said to continue'))
  no.on('error', () => {})
  const [refused] = (await once(no, 'response')) as [IncomingMessage]
  t.equal(refused.statusCode, 413)
  no.destroy()
})

t.test('a restarted environment is found again, also behind kept connections', async (t) => {
  let server = await world.serve('again', (_, response) => void response.end('first'))
  t.equal((await get(port, 'again.x')).body, 'first')
  for (const word of ['second', 'third']) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    t.match(await get(port, 'again.x'), { status: 502, body: 'The environment did not answer.\n' })
    server = await world.serve('again', (_, response) => void response.end(word))
    t.equal((await get(port, 'again.x')).body, word)
  }
})

t.test('WebSockets: agreed ones become a pipe, others get their answer', async (t) => {
  const server = await world.serve('ws', (_, response) => void response.end('no upgrade'))
  server.on('upgrade', (incoming, socket, head) => {
    if (incoming.url === '/no') {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!')
      return
    }
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n',
    )
    socket.write(head)
    socket.pipe(socket)
  })
  const ask = (path: string, host = 'ws.x') =>
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n`
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.write(`${ask('/')}early`)
  await until('it comes back', () => text.endsWith('early'))
  t.match(text, /^HTTP\/1\.1 101 [\s\S]*Sec-WebSocket-Accept: x/)
  socket.write('ping')
  await until('it comes back', () => text.endsWith('ping'))
  socket.destroy()
  t.match(await raw(port, ask('/no')), /^HTTP\/1\.1 403 [\s\S]*no!/)
  t.match(await raw(port, ask('/', 'nobody.x')), /^HTTP\/1\.1 404 /)
  await world.serve('deaf', (incoming) => void incoming.socket.destroy())
  t.match(await raw(port, ask('/', 'deaf.x')), /^HTTP\/1\.1 502 /)
})

t.test('our own directory holds one link an environment, and goes with the door', async (t) => {
  const before = readdirSync(join(world.runtimeDir, 'door')).length
  for (let i = 0; i < 5; i++) await get(port, 'echo.x')
  t.equal(readdirSync(join(world.runtimeDir, 'door')).length, before)
  rmSync(join(world.upstreamDir('echo'), 'in.sock'))
  t.equal((await get(port, 'echo.x')).status, 502)
})
