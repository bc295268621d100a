// A push of 500 MB that does not compress: throughput, the daemon's memory, and what the front door answers meanwhile.
import { randomFillSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startLoad } from '../../test/helpers/load.ts'
import { makeProject } from '../../test/helpers/project.ts'
import type { Figure } from '../figures.ts'
import { plainProject, type Setting } from '../setting.ts'

const MB = 1e6

export async function largePack(setting: Setting): Promise<Figure[]> {
  const { ending, byHand, receiver, rounds } = setting
  const project = await makeProject(ending, 'hello-web')
  // What is measured is the way to the server, not the client's zlib and deltas.
  for (const [name, value] of Object.entries({
    'core.compression': '0',
    'pack.compression': '0',
    'core.bigFileThreshold': '1m',
  }))
    await project.git('config', name, value)
  const sshd = { url: await byHand.repositoryFor('large', false), ssh: byHand.sshd.sshCommand }
  const hostname = (await setting.live()).hostname
  const front = { port: receiver.httpPort, hostname, rate: 50 }
  for (const target of [{ name: plainProject }, sshd]) await setting.push(project, target, 'main:refs/heads/large')

  const idle = startLoad(front)
  await sleep(5000)
  const before = (await idle.stop()).latency

  const throughput: Record<string, number[]> = { hostenv: [], sshd: [] }
  const grown: number[] = []
  const during: number[] = []
  for (let round = 0; round < Math.max(2, Math.floor(rounds / 2)); round++) {
    for (let n = 0; n < 5; n++)
      writeFileSync(join(project.directory, `big-${n}`), randomFillSync(Buffer.alloc(100 * MB)))
    await project.commit('500 MB')
    for (const [peer, target] of Object.entries({ hostenv: { name: plainProject }, sshd })) {
      const memory = watchMemory(receiver.pid)
      const load = peer === 'hostenv' ? startLoad(front) : null
      const took = await setting.push(project, target, 'HEAD:refs/heads/large', ['--no-progress'])
      throughput[peer]?.push((500 * MB) / (took / 1000) / MB)
      const growth = memory.stop()
      if (load === null) continue
      grown.push(growth)
      during.push((await load.stop()).latency.p99)
    }
  }
  return [
    { case: '500 MB pack over SSH', runs: throughput, unit: 'MB/s', reach: { sshd: 0.95 }, more: true },
    { case: "500 MB pack: growth of the daemon's memory", runs: { hostenv: grown }, unit: 'MB', reach: { MB: 100 } },
    {
      ...{ case: '500 MB pack: p99 of the front door meanwhile', unit: 'ms', reach: { idle: 3 } },
      runs: { hostenv: during, idle: [Math.max(1, before.p99)] },
    },
  ]
}

function watchMemory(pid: number): { stop(): number } {
  const now = () => (Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024) / MB
  const first = now()
  let highest = first
  const timer = setInterval(() => {
    highest = Math.max(highest, now())
  }, 50)
  return {
    stop: () => {
      clearInterval(timer)
      return highest - first
    },
  }
}
