// One push with one kill, and the judgement of what is there afterwards.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { descendants, processes } from '../../src/lib/proc.ts'
import { agree, leftByCrash, record, refOf, until } from '../../test/helpers/agree.ts'
import type { Pushed } from '../../test/helpers/project.ts'
import type { Receiver } from '../../test/helpers/receiver.ts'
import type { Choice } from './kill-choice.ts'
import { strike, strikeStarting, type Victim } from './victims.ts'

/** Few releases are kept, so that what drops old ones is killed in the middle as well. */
const limits = { treeCheckInterval: 300, pushesPerMinute: 100_000, keptReleases: 6 }
/** How the receiver is started, each time. */
export const starting = { faults: '', env: { HOSTENV_OVERRIDES: JSON.stringify({ limits }) } } as const
/** Milliseconds until a push that does not end counts as one that never will. */
const patience = 90_000

/** Answers a sentence for each thing that was not as it has to be; `hit` hears of the kills. Throws Stuck where there is no end. */
export async function killRound(receiver: Receiver, choice: Choice, hit: (victim: Victim) => void): Promise<string[]> {
  const { chance, site, victim, moment, again } = choice
  const { project, name, live } = site
  const before = new Map(choice.keys.map((key) => [key, live.get(key) ?? null]))
  const base = before.get(choice.keys[0] ?? 'main') ?? site.first
  await project.git('reset', '-q', '--hard', base)
  const commit = choice.files === null ? null : await project.commit('A change', choice.files)
  const specs = choice.keys.map((key) => `${commit === null ? '' : '+HEAD'}:refs/heads/${key}`)
  const flags = choice.keys.length > 1 ? ['--atomic'] : []
  const options = choice.keys.length > 1 ? choice.keys.map((key) => `force=${key}`) : []
  const logged = log(receiver).length
  let open = true
  const pushing = project.push(receiver, specs, { name, flags, options }).finally(() => {
    open = false
  })
  await sleep(moment)
  let struck: string | null = null
  for (let tries = 0; open && struck === null && tries < 500; tries++) {
    struck = strike(receiver, victim, { project: name, key: chance.pick(choice.keys) }, chance)
    if (struck === null) await sleep(10)
  }
  if (struck !== null) hit(victim)
  const pushed = await Promise.race([pushing, sleep(patience, null, { ref: false })])
  if (pushed === null)
    throw new Stuck(`the push did not end within ${patience / 1000} s; there are: ${under(receiver)}`)
  if (victim === 'daemon' && struck !== null) {
    if (again !== null) {
      const up = receiver.restart(starting).catch(() => undefined)
      await sleep(again)
      strikeStarting(receiver)
      hit('daemon')
      await up
    }
    await receiver.restart(starting)
  }
  await until('no deploy is under way', () => openDeploys(receiver).length === 0, 60).catch(() => {
    throw new Stuck(`${struck ?? 'nobody'} was killed; no end after a minute: ${under(receiver)}\n${pushed.stderr}`)
  })
  const said = await judge(receiver, choice, { before, commit, pushed })
  if (said.length === 0) return []
  // What one needs to find out why.
  const warned = log(receiver)
    .slice(logged)
    .split('\n')
    .filter((line) => /^\{"level":[4-6]0/.test(line))
  return [...said.map((what) => `${struck ?? 'nobody'} was killed: ${what}`), ...warned, pushed.stderr, under(receiver)]
}

/** A receiver that comes to no end: what it says from then on means nothing. */
export class Stuck extends Error {}

interface Attempt {
  readonly before: ReadonlyMap<string, string | null>
  /** What was pushed; null for a deletion. */
  readonly commit: string | null
  readonly pushed: Pushed
}

async function judge(receiver: Receiver, choice: Choice, { before, commit, pushed }: Attempt): Promise<string[]> {
  const { name, live } = choice.site
  const wrong: string[] = []
  const moved: boolean[] = []
  for (const key of choice.keys) {
    const was = before.get(key) ?? null
    const branch = await refOf(receiver, name, `refs/heads/${key}`)
    live.set(key, branch)
    const refused = new RegExp(
      `! \\[remote rejected\\] \\S+( -> ${key})? \\((?!.*fail to run proc-receive)(.+)\\)`,
    ).exec(pushed.stderr)
    const reason = refused?.[2] ?? null
    if (pushed.code === 0 && branch !== commit) wrong.push(`reported ok, but ${key} is ${branch}, not ${commit}`)
    if (reason !== null && branch === commit && was !== commit && !/hook declined|unpacker error/.test(reason))
      wrong.push(`${key} was refused (${reason}), but is live`)
    if (branch !== was && branch !== commit)
      wrong.push(`${key} is ${branch}: neither what was pushed nor what was before`)
    if (choice.fails && branch === commit) wrong.push(`${key} is live, though it cannot be`)
    if (was !== commit) moved.push(branch === commit)
  }
  if (new Set(moved).size > 1) wrong.push('an atomic push moved one and not the other')
  const expected = choice.keys.map((key) => ({ key, commit: live.get(key) ?? null }))
  // A service that was killed, or a tree, is started again; an answer may take until then.
  const look = async () => {
    const said: string[] = []
    for (const one of expected)
      said.push(...(await agree(receiver, name, one.key, { live: one.commit, branch: one.commit })))
    return [...said, ...leftByCrash(receiver).map((left) => `left over: ${left}`)]
  }
  const deadline = Date.now() + 20_000
  let said = await look()
  while (said.length > 0 && Date.now() < deadline) {
    await sleep(200)
    said = await look()
  }
  return [...wrong, ...said]
}

function log(receiver: Receiver): string {
  return readFileSync(join(receiver.stateDir, 'log/hostenv.log'), 'utf8')
}

function under(receiver: Receiver): string {
  const all = processes()
  const below = new Set(descendants(receiver.pid, all))
  const commands = all
    .filter(({ pid }) => below.has(pid))
    .map(({ command }) => command.replaceAll('\0', ' ').slice(0, 100))
  return [...commands, ...openDeploys(receiver)].join('; ')
}

function openDeploys(receiver: Receiver): string[] {
  const rows = record(receiver, "SELECT id, stage FROM deploy WHERE stage NOT IN ('done', 'failed')")
  return rows.map(({ id, stage }) => `d${id} is ${stage}`)
}
