// The daemon stays small: a push of 300 MB, and clients that stop reading, cost it less than 32 MB each.
import { randomFillSync } from 'node:crypto'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { start } from '../../src/lib/spawn.ts'
import { cleanEnv } from '../helpers/programs.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'

const size = 300 * 1024 * 1024
const most = 32 * 1024

const receiver = await startReceiver(t)
const project = await makeProject(t)
// The client's own work is no part of this: random bytes do not compress, and are not tried.
for (const setting of ['core.compression=0', 'core.bigFileThreshold=1m', 'gc.auto=0'])
  await project.git('config', ...setting.split('='))

for (const refspec of ['main', 'main:staging']) await project.push(receiver, refspec)

t.test('a push of 300 MB', async (t) => {
  const file = openSync(join(project.directory, 'random'), 'w')
  const chunk = Buffer.alloc(4 * 1024 * 1024)
  for (let at = 0; at < size; at += chunk.length) writeSync(file, randomFillSync(chunk))
  closeSync(file)
  await project.commit('300 MB')
  // It stays in what is pushed, and need not be unpacked: that is other programs' work, and takes half a minute.
  await project.commit('none of it', { random: null })
  const growth = await grownDuring(async () => {
    const pushed = await project.push(receiver, 'main:dev')
    t.equal(pushed.code, 0, pushed.stderr)
    t.comment(`300 MB in ${Math.round(pushed.duration / 100) / 10} s`)
  })
  t.comment(`grew by ${Math.round(growth / 1024)} MiB`)
  t.ok(growth < most, `grew by ${Math.round(growth / 1024)} MiB`)
})

// ATTACK: ask for everything, and read nothing.
t.test('a client that stops reading', async (t) => {
  const growth = await grownDuring(async () => {
    const argv = ['git', 'clone', '-q', '--bare', receiver.url('acme/hello-web'), 'copy'] as const
    const env = { ...cleanEnv(project.directory), GIT_SSH_COMMAND: receiver.sshCommand() }
    const child = start({ argv: [...argv], env, cwd: project.directory }, ['ignore', 'ignore', 'ignore'], {
      detached: true,
    })
    const group = -(child.pid ?? 0)
    const ended = new Promise((resolve) => child.once('close', resolve))
    while (!sending()) await sleep(20)
    process.kill(group, 'SIGSTOP')
    await sleep(3000)
    t.ok(sending(), 'the receiver still has most of it to send')
    process.kill(group, 'SIGCONT')
    process.kill(group, 'SIGKILL')
    await ended
  })
  t.comment(`grew by ${Math.round(growth / 1024)} MiB`)
  t.ok(growth < most, `grew by ${Math.round(growth / 1024)} MiB`)
})

/** Whether a child of the daemon is packing objects. */
function sending(): boolean {
  const children = readFileSync(`/proc/${receiver.pid}/task/${receiver.pid}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
  return children.some((pid) => read(`/proc/${pid}/cmdline`).includes('upload-pack'))
}

/** KiB by which the daemon's resident memory grew at most while `work` ran. */
async function grownDuring(work: () => Promise<void>): Promise<number> {
  const before = rss()
  let peak = before
  const timer = setInterval(() => {
    peak = Math.max(peak, rss())
  }, 20)
  await work()
  clearInterval(timer)
  return Math.max(peak, rss()) - before
}

function rss(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${receiver.pid}/status`))?.[1])
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
