// What a push, the start of the daemon and its memory cost where 200 projects and 1,000 environments are present, beside a receiver
// with one environment. What the crowd consists of, and which of it runs: bench/crowd.ts.
import { readFileSync } from 'node:fs'
import { processes } from '../../src/lib/proc.ts'
import { type Receiver, startReceiver } from '../../test/helpers/receiver.ts'
import { addCrowd, crowdProject } from '../crowd.ts'
import { type Figure, interleaved } from '../figures.ts'
import { listening } from '../peers/sshd.ts'
import { changeOneLine } from '../project.ts'
import type { Setting } from '../setting.ts'

export async function crowded(setting: Setting): Promise<Figure[]> {
  const { ending, serveArgs: args, rounds } = setting
  const alone = await startReceiver(ending, { args })
  const among = await startReceiver(ending, { args })
  const project = await crowdProject(ending, true)
  const push = async (receiver: Receiver) => {
    const pushed = await project.push(receiver, 'main', { name: 'acme/shop' })
    if (pushed.code !== 0) throw new Error(pushed.stderr)
    return pushed.duration
  }
  for (const receiver of [alone, among]) await push(receiver)
  await addCrowd(ending, among, args)

  // Each change is built by whoever gets it first, so each has its own.
  let n = 0
  const changed = (receiver: Receiver) => async () => {
    await changeOneLine(project, ++n)
    return await push(receiver)
  }
  // A difference of a tenth wants more runs than one of a half.
  const pushes = await interleaved(3 * rounds, {
    '1,000 environments': changed(among),
    '1 environment': changed(alone),
  })
  const memory: number[] = []
  const starts = await interleaved(Math.min(rounds, 3), {
    '1,000 environments': async () => {
      memory.push(residentMB(among.pid))
      return await untilOpen(among, args)
    },
    '1 environment': () => untilOpen(alone, args),
  })
  const of = ({ '1,000 environments': many = [], '1 environment': one = [] }: Record<string, number[]>) => ({
    '1,000 environments': many,
    '1 environment': one,
  })
  return [
    { case: 'push among 1,000 environments', runs: of(pushes), unit: 'ms', reach: { '1 environment': 1.1 } },
    {
      ...{ case: 'start among 1,000 environments: both doors open', unit: 'ms', reach: { ms: 2000 } },
      runs: of(starts),
    },
    {
      case: 'memory of the daemon among 1,000 environments',
      runs: { hostenv: memory },
      unit: 'MB',
      reach: { MB: 200 },
    },
  ]
}

async function untilOpen(receiver: Receiver, args: readonly string[]): Promise<number> {
  const ports = [receiver.sshPort, receiver.httpPort]
  await receiver.stop()
  const begun = performance.now()
  const ready = receiver.restart({ args })
  await Promise.all(ports.map(listening))
  const took = performance.now() - begun
  await ready
  return took
}

// With what its launcher has for itself; the program's own pages the two share.
function residentMB(pid: number): number {
  const launcher = processes().find(({ parent, command }) => parent === pid && command.includes('/lib/launcher.'))
  const kilobytes = kilobytesOf(pid, 'VmRSS') + (launcher === undefined ? 0 : kilobytesOf(launcher.pid, 'RssAnon'))
  return (kilobytes * 1024) / 1e6
}

function kilobytesOf(pid: number, field: string): number {
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
}
