import { closeSync, openSync, readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { descendants, endHolders, listeningPorts, processes, seesMount, startedAt } from '../../../src/lib/proc.ts'
import { start } from '../../../src/lib/spawn.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

const env = { PATH: '/usr/bin:/bin' }

t.test('descendants are found, and those of others are not', async (t) => {
  const child = start({ argv: ['sh', '-c', 'sleep 60 & wait'], env }, ['ignore', 'ignore', 'ignore'], {
    detached: true,
  })
  const pid = child.pid ?? 0
  let family: number[] = []
  while (family.length < 2) family = descendants(pid, processes())
  t.ok(family.includes(pid))
  t.notOk(family.includes(process.pid))
  for (const member of family) process.kill(member, 'SIGKILL')
})

t.test('a process is known by its number and its start', async (t) => {
  const ticks = startedAt(process.pid)
  t.ok(ticks !== null && ticks > 0)
  t.equal(startedAt(process.pid), ticks)
  t.equal(startedAt(2 ** 22 + 1), null)
})

t.test('who has a file open is ended, and nobody else', async (t) => {
  const file = join(tempDir(t), 'lock')
  const fd = openSync(file, 'w')
  const holder = start({ argv: ['sleep', '60'], env }, ['ignore', fd, 'ignore'])
  const other = start({ argv: ['sleep', '60'], env }, ['ignore', 'ignore', 'ignore'])
  const ended = new Promise((resolve) => holder.once('exit', (_code, signal) => resolve(signal)))
  endHolders(file)
  t.equal(await ended, 'SIGKILL')
  t.equal(other.exitCode, null)
  other.kill('SIGKILL')
  closeSync(fd)
})

t.test('listening ports of a process', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  t.same(listeningPorts([process.pid]), [port])
  const client = connect(port ?? 0, '127.0.0.1')
  await new Promise((resolve) => client.once('connect', resolve))
  const local = createServer()
  await new Promise<void>((resolve) => local.listen(`\0hostenv-test-${process.pid}`, resolve))
  t.same(listeningPorts([process.pid]), [port], 'connections and local sockets are none')
  client.destroy()
  local.close()
  t.notOk(seesMount(process.pid, '/nowhere'))
})

t.test('a port is not hidden by the name of a local socket that looks like a line of the kernel', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const lines = readFileSync('/proc/self/net/tcp', 'latin1').split('\n')
  const address = `:${port.toString(16).toUpperCase().padStart(4, '0')} `
  const inode = lines
    .find((line) => line.includes(`0100007F${address}`))
    ?.trim()
    .split(/\s+/)[9]
  t.match(inode, /^\d+$/)
  const local = createServer()
  await new Promise<void>((resolve) => local.listen(`\0${process.pid}\n0 0 0 0 0 0 ${inode} `, resolve))
  t.teardown(() => local.close())
  t.same(listeningPorts([process.pid]), [port])
})
