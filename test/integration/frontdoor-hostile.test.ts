// What once ended the front door, and the receiver with it: each is a few bytes of a client, or of an environment, that node:http answers
// with an error of its own.
import { once } from 'node:events'
import { mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { PrivateLinks } from '../../src/frontdoor/private-links.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { frontDoor, get, raw } from './frontdoor-support.ts'

const world = await frontDoor({ answerTimeout: 3000 })
t.teardown(() => world.end())
const { port } = world
await world.serve('web', (request, response) => {
  response.setHeader('X-Got', Buffer.from(request.headers['x-sent']?.toString() ?? '', 'latin1').toString('hex'))
  setTimeout(() => response.end('hello'), 50)
})

/** An environment that answers each connection with these bytes. */
async function answers(name: string, bytes: string): Promise<void> {
  const server = createServer(
    (socket) => void socket.on('error', () => undefined).once('data', () => socket.end(bytes, 'latin1')),
  )
  server.listen(world.declare(name))
  await once(server, 'listening')
  t.teardown(() => server.close())
}

const plain = 'GET / HTTP/1.1\r\nHost: web.localhost\r\n\r\n'
const webSocket = (host: string) =>
  `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`

t.test('ATTACK: an upgrade behind a request that is not answered yet', async (t) => {
  for (const host of ['web.localhost', 'nobody.localhost'])
    for (const before of [plain, plain + plain]) await raw(port, before + webSocket(host))
  t.equal((await get(port, 'web.localhost')).body, 'hello')
})

t.test('ATTACK: an environment answers with words that HTTP does not allow', async (t) => {
  for (let byte = 0; byte < 256; byte++) {
    await answers(`odd${byte}`, `HTTP/1.1 200 a${String.fromCharCode(byte)}b\r\nContent-Length: 0\r\n\r\n`)
    const { status } = await get(port, `odd${byte}.localhost`)
    t.ok(status === 200 || status === 502, `${byte}: ${status}`)
  }
})

t.test('ATTACK: an environment makes its directory one that cannot be looked into', async (t) => {
  const directory = tempDir(t)
  const upstreamDir = join(directory, 'upstream')
  mkdirSync(upstreamDir)
  const server = createServer((socket) => void socket.destroy()).listen(join(upstreamDir, 'in.sock'))
  await once(server, 'listening')
  t.teardown(() => server.close())
  const links = new PrivateLinks(join(directory, 'door'))
  await links.open()
  await links.door({ userName: 'loop', upstreamDir, uid: world.uid })
  renameSync(upstreamDir, `${upstreamDir}.away`)
  // For who is not root `chmod 000` does the same.
  symlinkSync('upstream', upstreamDir)
  await links.sweep()
  t.equal(links.known({ userName: 'loop', upstreamDir, uid: world.uid }), null)
  await links.close()
})

t.test('an upgrade that is refused does not keep its connection', async (t) => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined).resume()
  socket.write(webSocket('nobody.localhost'))
  await once(socket, 'end')
  for (let n = 0; n < 100 && world.door.connections() > 0; n++) await sleep(20)
  t.equal(world.door.connections(), 0)
  socket.destroy()
})

t.test('bytes beyond ASCII pass as they are, both ways', async (t) => {
  await answers('latin', 'HTTP/1.1 200 OK\r\nX-Name: \xc3\xa9\r\nContent-Length: 2\r\n\r\nok')
  const back = await raw(port, 'GET / HTTP/1.1\r\nHost: latin.localhost\r\nConnection: close\r\n\r\n')
  t.match(back, 'X-Name: \xc3\xa9\r\n')
  const post =
    'POST / HTTP/1.1\r\nHost: web.localhost\r\nConnection: close\r\nX-Sent: \xc3\xa9\r\nContent-Length: 1\r\n\r\nx'
  t.match(await raw(port, post), /X-Got: c3a9\r\n/)
})
