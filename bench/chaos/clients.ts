// Clients that stop, hang up, or were never clients; and whether an ordinary push notices.
import { setTimeout as sleep } from 'node:timers/promises'
import { agree, leftByCrash, record, refOf, until } from '../../test/helpers/agree.ts'
import type { Project } from '../../test/helpers/project.ts'
import { makeQuickProject } from '../../test/helpers/quick-project.ts'
import { wholePack, zero } from '../../test/helpers/raw-push.ts'
import { type Receiver, startReceiver } from '../../test/helpers/receiver.ts'
import type { Ending } from '../../test/helpers/temp-dir.ts'
import { median } from '../figures.ts'
import { besiege, type Siege } from './besiege.ts'
import { halfPush, type Stop } from './half-push.ts'
import type { Random } from './random.ts'
import type { Found } from './report.ts'

const name = 'acme/one'
/** How much longer a push may take than without all that. */
const mostTimes = 2
const rounds = 7

const many = (n: number) => `127.0.${1 + Math.floor(n / 250)}.${1 + (n % 250)}`
const sieges: Readonly<Record<string, Siege>> = {
  '500 idle connections from one other address': { says: 'nothing', from: () => '127.0.9.9' },
  '500 connections with garbage from one other address': { says: 'garbage', from: () => '127.0.9.9' },
  "500 idle connections from the pusher's address": { says: 'nothing', from: () => '127.0.0.1' },
  '500 idle connections from 500 addresses': { says: 'nothing', from: many },
  '500 connections with garbage from 500 addresses': { says: 'garbage', from: many },
}

export async function clients(ending: Ending, chance: Random): Promise<Found[]> {
  const overrides = '{"limits":{"pushesPerMinute":100000,"ssh":{"loginTime":5000}}}'
  const receiver = await startReceiver(ending, { faults: '', env: { HOSTENV_OVERRIDES: overrides } })
  const project = await makeQuickProject(ending)
  await timedPush(receiver, project)
  return [...(await besieged(receiver, project, chance)), await stopped(receiver, project, chance)]
}

// In turn with pushes that nobody disturbs, so that both meet the same machine.
async function besieged(receiver: Receiver, project: Project, chance: Random): Promise<Found[]> {
  const found: Found[] = []
  for (const [what, siege] of Object.entries(sieges)) {
    const alone: number[] = []
    const beside: number[] = []
    const wrong: string[] = []
    for (let n = 0; n < rounds; n++) {
      alone.push(await timedPush(receiver, project))
      const end = await besiege(receiver.sshPort, 500, siege, chance)
      try {
        beside.push(await timedPush(receiver, project))
      } catch (error) {
        wrong.push((error as Error).message)
      } finally {
        await end()
      }
    }
    const times = median(beside) / median(alone)
    const told = `${Math.round(median(alone))} ms alone, ${Math.round(median(beside))} ms beside: × ${times.toFixed(2)}`
    if (!(times <= mostTimes)) wrong.push(`a push takes ${times.toFixed(2)} times as long`)
    found.push({ what: `${what}: a push takes ${told} (medians of ${rounds})`, wrong })
  }
  return found
}

const stops: readonly Stop[] = [
  { at: 'connected', does: 'waits' },
  { at: 'advertised', does: 'waits' },
  { at: 'commands', does: 'waits' },
  { at: 'half the pack', does: 'waits' },
  { at: 'all', does: 'stops reading' },
  { at: 'connected', does: 'hangs up' },
  { at: 'advertised', does: 'hangs up' },
  { at: 'half the commands', does: 'hangs up' },
  { at: 'commands', does: 'hangs up' },
  { at: 'half the pack', does: 'hangs up' },
  { at: 'all', does: 'hangs up' },
  { at: 'half the pack', does: 'ends what it says' },
  { at: 'garbage for a pack', does: 'ends what it says' },
  { at: 'a pack with a wrong byte', does: 'ends what it says' },
]

// Each of them to a branch that nothing else is pushed to; then what must agree is looked at.
async function stopped(receiver: Receiver, project: Project, chance: Random): Promise<Found> {
  const wrong: string[] = []
  const live = await project.git('rev-parse', 'HEAD')
  const commit = await project.commit('Never seen', { 'greeting.txt': `${chance.whole(0, 1e9)}\n` })
  const pack = await wholePack(project)
  for (const stop of stops) {
    const command = { old: (await refOf(receiver, name, 'refs/heads/dev')) ?? zero, new: commit, ref: 'refs/heads/dev' }
    const half = await halfPush(receiver, name, { command, pack, stop, chance })
    // Somebody else pushes while it is there.
    const time = await timedPush(receiver, project).catch((error: Error) => error.message)
    if (typeof time === 'string') wrong.push(`beside a client that ${told(stop)}: ${time}`)
    await half.end()
    await until(`nothing of a client that ${told(stop)} is under way`, () => open(receiver) === 0, 90).catch((error) =>
      wrong.push(error.message),
    )
  }
  const deadline = Date.now() + 30_000
  let left = leftByCrash(receiver)
  while (left.length > 0 && Date.now() < deadline) {
    await sleep(500)
    left = leftByCrash(receiver)
  }
  wrong.push(...left.map((one) => `left over: ${one}`))
  const now = await refOf(receiver, name, 'refs/heads/main')
  wrong.push(...(await agree(receiver, name, 'main', { live: now, branch: now })))
  if (now === live) wrong.push('no push went through beside them')
  if (receiver.log().includes('uncaught')) wrong.push('the daemon met an error that nobody caught')
  return { what: `${stops.length} clients that wait, stop reading, hang up or send garbage, a push beside each`, wrong }
}

function told({ at, does }: Stop): string {
  return `${does} (${at})`
}

function open(receiver: Receiver): number {
  return record(receiver, "SELECT id FROM deploy WHERE stage NOT IN ('done', 'failed')").length
}

let pushes = 0

/** A push of a change, to live; its milliseconds. Throws with what git printed when it fails. */
async function timedPush(receiver: Receiver, project: Project): Promise<number> {
  await project.commit('A change', { 'greeting.txt': `greeting ${++pushes}\n` })
  const pushed = await project.push(receiver, 'HEAD:refs/heads/main', {
    name,
    flags: ['--force'],
    options: ['force=main'],
  })
  if (pushed.code !== 0) throw new Error(`an ordinary push failed:\n${pushed.stderr}`)
  return pushed.duration
}
