// Large transfers and slow readers cost the server little memory.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, ftruncateSync, openSync, readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ssh2 } from '../../src/transport/ssh2.ts'
import { makeKey, ssh, sshArguments } from './ssh-support.ts'

const SIZE = 200 * 1024 * 1024
const GROWTH = 32 * 1024 * 1024

t.test('200 MB each way, with slow readers, grow the server by less than 32 MiB', async (t) => {
  const dir = t.testdir()
  const key = makeKey(dir, 'known', 'ed25519')
  const program = fileURLToPath(new URL('./ssh-support.ts', import.meta.url))
  const server = spawn(process.execPath, [program, key], { stdio: ['pipe', 'pipe', 'inherit'], env: {} })
  t.teardown(() => server.kill('SIGKILL'))
  const port = Number(String((await once(server.stdout, 'data'))[0]))
  const args = sshArguments(dir, port, key)
  await ssh([...args, "git-receive-pack 'echo'"], 'warm')
  const before = memory(server, 'VmRSS')

  const file = openSync(join(dir, 'zeros'), 'w+')
  ftruncateSync(file, SIZE)
  const up = spawn('ssh', [...args, "git-receive-pack 'sink'"], { stdio: [file, 'pipe', 'inherit'] })
  closeSync(file)
  t.equal(String((await once(up.stdout!, 'data'))[0]), String(SIZE), 'every byte went up')
  const afterUp = memory(server, 'VmHWM')

  const down = spawn('ssh', [...args, "git-upload-pack 'source'"], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => setTimeout(resolve, 600))
  let bytes = 0
  for await (const chunk of down.stdout!) bytes += chunk.length
  t.equal(bytes, SIZE, 'every byte came down')
  const afterDown = memory(server, 'VmHWM')
  t.comment(`MiB: before ${mib(before)}, up +${mib(afterUp - before)}, both +${mib(afterDown - before)}`)
  t.ok(afterDown - before < GROWTH, `grew by ${mib(afterDown - before)} MiB`)

  // ATTACK: a window without end, and a socket that nobody reads.
  const client = new ssh2.Client()
  client.on('error', () => {})
  client.connect({ host: '127.0.0.1', port, username: 'x', privateKey: readFileSync(key) })
  await once(client, 'ready')
  client.exec("git-upload-pack 'source'", (_error, channel) => {
    const inner = client as unknown as {
      _sock: Socket
      _protocol: { channelWindowAdjust(id: number, n: number): void }
    }
    inner._protocol.channelWindowAdjust((channel as unknown as { outgoing: { id: number } }).outgoing.id, 2 ** 31)
    inner._sock.pause()
  })
  await new Promise((resolve) => setTimeout(resolve, 800))
  const afterStop = memory(server, 'VmHWM')
  t.ok(afterStop - before < GROWTH, `grew by ${mib(afterStop - before)} MiB for a client that stopped reading`)
  client.destroy()

  const often = await ssh([...args, '-o', 'RekeyLimit=1M', "git-receive-pack 'echo'"], 'r'.repeat(4_000_000))
  t.equal(often.stdout, 'r'.repeat(4_000_000), 'new keys every megabyte lose nothing')

  const both = await ssh([...args, "git-upload-pack 'both'"])
  t.equal(both.stdout, 'o'.repeat(6_553_600), 'stdout arrives once, in spite of a waiting stderr')
  t.equal(both.stderr, 'e'.repeat(6_553_600))
  server.stdin.end()
  t.equal((await once(server, 'close'))[0], 0, 'nothing keeps the process alive after close')
})

function memory(child: ChildProcess, field: 'VmRSS' | 'VmHWM'): number {
  const line = readFileSync(`/proc/${child.pid}/status`, 'utf8').match(new RegExp(`${field}:\\s+(\\d+) kB`))
  return Number(line?.[1]) * 1024
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024)
}
