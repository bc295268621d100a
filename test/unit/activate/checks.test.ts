import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type CheckContext, checkRelease } from '../../../src/activate/checks.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

// The check of a release whose processes are fine and whose socket `talk` speaks on.
async function checked(t: Test, talk: (socket: Socket) => void): Promise<boolean | null> {
  const path = join(tempDir(t), 'in.sock')
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => {})
    socket.once('data', () => talk(socket))
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  const ctx: Partial<CheckContext> = {
    place: { facts: { hostname: 'a.example' } } as CheckContext['place'],
    processes: new Map(),
    verification: { enable: true, enforce: true, path: '/', timeout: 1, upFor: 0 } as CheckContext['verification'],
    socket: () => path,
    emit: () => {},
    look: { states: async () => new Map() } as unknown as CheckContext['look'],
    proven: { answers: true } as CheckContext['proven'],
  }
  return checkRelease(ctx as CheckContext)
}

const trickles: [string, string][] = [
  ['interim answers', 'HTTP/1.1 102 Processing\r\n\r\n'],
  ['nothing but a header that grows', 'x'],
]

for (const [what, text] of trickles)
  t.test(`${what} for ever are no answer`, { timeout: 20_000 }, async (t) => {
    const trickle = (socket: Socket) => {
      if (text === 'x') socket.write('HTTP/1.1 200 OK\r\nx: ')
      const timer = setInterval(() => socket.write(text), 100)
      socket.on('close', () => clearInterval(timer))
    }
    await t.rejects(checked(t, trickle), { message: 'GET /: no answer within 1 s' })
  })

t.test('a change of protocol that nobody asked for is no answer', { timeout: 20_000 }, async (t) => {
  const upgrade = (socket: Socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')
  }
  await t.rejects(checked(t, upgrade), { message: 'GET /: no answer within 1 s' })
})

t.test('an answer is one', async (t) => {
  t.equal(await checked(t, (socket) => socket.end('HTTP/1.1 404 Not Found\r\n\r\n')), true)
})
