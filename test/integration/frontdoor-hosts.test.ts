// What virtualHosts ask of the front door, over real sockets.
import { Agent } from 'node:http'
import { t } from 'tap'
import { virtualHosts } from '../../src/resolve/virtual-host-schema.ts'
import { frontDoor, get, raw } from './frontdoor-support.ts'

const world = await frontDoor()
t.teardown(() => world.end())
const { port } = world

function settle(hostname: string, settings: object, indexed = false): void {
  const parsed = virtualHosts.parse({ [hostname]: settings })[hostname]
  if (parsed) world.hosts.set(hostname, { settings: parsed, indexed })
}

await world.serve('app', (incoming, response) => {
  response.setHeader('X-Frame-Options', 'DENY')
  response.end(`app ${incoming.url}`)
})
settle('app.x', { locations: { '/old': { return: '301 /new$is_args$args' }, '= /text': { return: '200 "plain"' } } })
settle('app.y', { globalRedirect: 'app.x', redirectCode: 308 })

t.test('redirects are answered at once, on a connection that lives on', async (t) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.match(await get(port, 'app.x', { agent, path: '/old?a=b' }), { status: 301, headers: { location: '/new?a=b' } })
  t.match(await get(port, 'app.x', { agent, path: '/text' }), { status: 200, body: 'plain\n' })
  t.match(await get(port, 'app.x', { agent, path: '/text', method: 'HEAD' }), { status: 200, body: '' })
  const whole = await get(port, 'app.y:81', { agent, path: '/x?y' })
  t.match(whole, { status: 308, headers: { location: 'http://app.x:81/x?y', 'x-robots-tag': 'noindex' } })
  t.notMatch(whole.headers.connection, 'close')
  agent.destroy()
})

t.test('a body that comes with a redirected request is no request', async () => {
  const inner = 'GET /text HTTP/1.1\r\nHost: app.x\r\n\r\n'
  const text = await raw(port, `POST /old HTTP/1.1\r\nHost: app.x\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`)
  t.match(text, /^HTTP\/1\.1 301 [\s\S]*Connection: close/)
  t.notMatch(text, 'plain')
})

t.test('answers of the environment get the fields, and keep their own', async (t) => {
  const { headers, body } = await get(port, 'app.x', { path: '/' })
  t.equal(body, 'app /')
  t.match(headers, { 'x-frame-options': 'DENY', 'x-content-type-options': 'nosniff', 'x-robots-tag': 'noindex' })
  t.equal(headers['strict-transport-security'], undefined, 'there is no TLS here')
})

t.test('a WebSocket to a redirected host is redirected', async (t) => {
  const ask = 'GET /x HTTP/1.1\r\nHost: app.y\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  t.match(await raw(port, ask), /^HTTP\/1\.1 308 [\s\S]*Location: http:\/\/app\.x\/x/)
})
