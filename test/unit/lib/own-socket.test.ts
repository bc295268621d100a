// What an environment can put in place of its socket, and that none of it is connected to.
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { linkOwnSocket, ownSocket } from '../../../src/lib/own-socket.ts'

const runtime = mkdtempSync(join(tmpdir(), 'os-'))
const upstream = join(runtime, 'upstream/mine')
const socket = join(upstream, 'in.sock')
const other = join(runtime, 'upstream/other')
for (const directory of [upstream, other, join(runtime, 'door')]) mkdirSync(directory, { recursive: true })
const uid = process.getuid?.() ?? 0
const servers: Server[] = []
const listen = (path: string) =>
  new Promise<void>((resolve) => {
    servers.push(createServer().listen(path, resolve))
  })
t.teardown(() => {
  for (const server of servers) server.close()
  rmSync(runtime, { recursive: true, force: true })
})
await listen(join(other, 'in.sock'))

const attacks: [string, () => void][] = [
  ['nothing', () => undefined],
  ['a file', () => writeFileSync(socket, '')],
  ['a folder', () => mkdirSync(socket)],
  ['a link to its neighbour’s', () => symlinkSync(join(other, 'in.sock'), socket)],
  ['a link to nothing', () => symlinkSync('/nowhere', socket)],
]
for (const [what, attack] of attacks)
  t.test(`${what} is no socket`, async (t) => {
    attack()
    t.equal(ownSocket(runtime, upstream), null)
    t.throws(() => linkOwnSocket(upstream, uid, join(runtime, 'door/x')))
    t.strictSame(readdirSync(join(runtime, 'door')), [], 'and nothing is left of the try')
    rmSync(socket, { recursive: true, force: true })
  })

t.test('its own socket is linked, and the link follows a new one', async (t) => {
  await listen(socket)
  const ours = ownSocket(runtime, upstream)
  t.equal(ours, join(runtime, 'door/mine'))
  t.equal(ownSocket(runtime, upstream), ours)
  t.throws(() => linkOwnSocket(upstream, uid + 1, join(runtime, 'door/x')), { name: 'NotOwnSocket' }, 'another owner')
  rmSync(socket)
  symlinkSync(join(other, 'in.sock'), socket)
  t.equal(ownSocket(runtime, upstream), null, 'a later link is not followed')
  rmSync(socket)
  linkSync(join(other, 'in.sock'), join(runtime, 'spare'))
})
