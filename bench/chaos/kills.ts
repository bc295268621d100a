// kill -9 of the daemon, of git, of Nix and of services at random moments of random pushes. After each: all that says what is
// live agrees, what was reported `ok` is live, what was refused with a reason is not, and nothing is left over.
import { setTimeout as sleep } from 'node:timers/promises'
import { descendants, end, processes } from '../../src/lib/proc.ts'
import { mustRun } from '../../src/lib/spawn.ts'
import { agree, leftByCrash, record, refOf, tree, until, userName } from '../../test/helpers/agree.ts'
import { cleanEnv } from '../../test/helpers/programs.ts'
import type { Project, Pushed } from '../../test/helpers/project.ts'
import { makeQuickProject } from '../../test/helpers/quick-project.ts'
import { type Receiver, startReceiver } from '../../test/helpers/receiver.ts'
import type { Ending } from '../../test/helpers/temp-dir.ts'
import type { Random } from './random.ts'
import type { Found } from './report.ts'

const keys = ['main', 'staging', 'dev'] as const
const victims = ['daemon', 'git', 'nix', 'service'] as const
type Victim = (typeof victims)[number]

interface Site {
  readonly name: string
  readonly project: Project
  /** By key: what has to be live. */
  readonly live: Map<string, string | null>
}

export interface KillsOptions {
  readonly least: number
  /** A time of performance.now(): it goes on until then. */
  readonly deadline: number
  /** The only victim; every kind where it is left out. */
  readonly only?: string | undefined
}

/** Kills until there were `least` kills and the deadline has passed. */
export async function kills(ending: Ending, chance: Random, { least, deadline, only }: KillsOptions): Promise<Found> {
  const receiver = await startReceiver(ending, {
    env: { HOSTENV_OVERRIDES: '{"limits":{"treeCheckInterval":300,"pushesPerMinute":100000}}' },
    faults: '',
  })
  const sites = [await makeSite(ending, receiver, 'acme/one'), await makeSite(ending, receiver, 'acme/two')]
  const wrong: string[] = []
  const count: Record<Victim, number> = { daemon: 0, git: 0, nix: 0, service: 0 }
  let rounds = 0
  const killed = () => victims.reduce((sum, victim) => sum + count[victim], 0)
  while ((killed() < least || performance.now() < deadline) && wrong.length < 20) {
    rounds++
    const site = chance.pick(sites)
    const key = chance.pick(keys)
    const victim = chance.pick(only === undefined ? victims : victims.filter((one) => one === only))
    let killed = victim as string
    const said = await oneRound(receiver, site, key, victim, chance, (what) => {
      count[victim]++
      killed = what
    })
    if (rounds % 25 === 0) for (const { name } of sites) said.push(...(await fsck(receiver, name)))
    wrong.push(
      ...said.map((what) => `round ${rounds}, kill of ${killed} during a push to ${site.name} ${key}: ${what}`),
    )
  }
  for (const { name } of sites) wrong.push(...(await fsck(receiver, name)))
  const told = victims.map((victim) => `${victim} ${count[victim]}`).join(', ')
  return { what: `kill -9, ${killed()} times in ${rounds} pushes (${told})`, wrong }
}

async function makeSite(ending: Ending, receiver: Receiver, name: string): Promise<Site> {
  const project = await makeQuickProject(ending)
  const head = await project.git('rev-parse', 'HEAD')
  const live = new Map<string, string | null>()
  for (const key of keys) {
    const pushed = await project.push(receiver, `main:refs/heads/${key}`, { name })
    if (pushed.code !== 0) throw new Error(pushed.stderr)
    live.set(key, head)
  }
  return { name, project, live }
}

async function oneRound(
  receiver: Receiver,
  { name, project, live }: Site,
  key: string,
  victim: Victim,
  chance: Random,
  hit: (what: string) => void,
): Promise<string[]> {
  const before = live.get(key) ?? null
  await project.git('reset', '-q', '--hard', before ?? 'main')
  const slow = chance.chance(0.3) ? { 'build.sh': `sleep 0.${chance.whole(1, 9)}; echo page > $out\n` } : {}
  const commit = await project.commit('A change', { 'greeting.txt': `${chance.whole(0, 1e9)}\n`, ...slow })
  const pushing = project.push(receiver, `HEAD:refs/heads/${key}`, { name })
  // Until the push ends, as often as the moment finds somebody to kill.
  let open = true
  const ended = pushing.finally(() => {
    open = false
  })
  await sleep(chance.whole(0, 1500))
  for (let tries = 0; open && tries < 200; tries++) {
    const struck = strike(receiver, victim, name, key, chance)
    if (struck !== null) {
      hit(struck)
      break
    }
    await sleep(5)
  }
  const pushed = await Promise.race([ended, sleep(90_000, null, { ref: false }).then(() => null)])
  if (pushed === null) return [`the push did not end within 90 s; there are: ${under(receiver)}`]
  if (victim === 'daemon') await receiver.restart({ faults: '' })
  return await judge(receiver, name, key, { before, commit, pushed }, live)
}

// Answers what was killed, or null where there was nobody to kill.
function strike(receiver: Receiver, victim: Victim, name: string, key: string, chance: Random): string | null {
  if (victim === 'daemon') {
    process.kill(receiver.pid, 'SIGKILL')
    return 'the daemon'
  }
  if (victim === 'service') {
    const user = userName(receiver, name, key)
    const pids = user === null ? [] : tree(receiver, user)
    if (pids.length < 2) return null
    end(chance.pick(pids.slice(1)))
    return 'a service'
  }
  const pattern = victim === 'git' ? /^git(\0|-)/ : /^nix(\0|-)/
  const all = processes()
  const below = new Set(descendants(receiver.pid, all))
  const found = all.filter(({ pid, command }) => below.has(pid) && pattern.test(command))
  if (found.length === 0) return null
  const { pid, command } = chance.pick(found)
  end(pid)
  return command.replaceAll('\0', ' ').slice(0, 120)
}

interface Attempt {
  readonly before: string | null
  readonly commit: string
  readonly pushed: Pushed
}

async function judge(
  receiver: Receiver,
  name: string,
  key: string,
  { before, commit, pushed }: Attempt,
  live: Map<string, string | null>,
): Promise<string[]> {
  await until('no deploy is under way', () => open(receiver) === 0, 60)
  const branch = await refOf(receiver, name, `refs/heads/${key}`)
  const refused = /! \[remote rejected\] .* \((?!.*fail to run proc-receive)(.+)\)/.exec(pushed.stderr)
  const wrong: string[] = []
  if (pushed.code === 0 && branch !== commit) wrong.push(`reported ok, but ${key} is ${branch}, not ${commit}`)
  if (refused && branch === commit && !/hook declined|unpacker error/.test(refused[1] ?? ''))
    wrong.push(`refused (${refused[1]}), but live`)
  if (branch !== before && branch !== commit)
    wrong.push(`${key} is ${branch}: neither what was pushed nor what was before`)
  live.set(key, branch)
  // A service that was killed, or a tree, is started again; an answer may take until then.
  const deadline = Date.now() + 20_000
  let said = await agree(receiver, name, key, { live: branch, branch })
  while (said.length > 0 && Date.now() < deadline) {
    await sleep(200)
    said = await agree(receiver, name, key, { live: branch, branch })
  }
  let left = leftByCrash(receiver)
  while (left.length > 0 && Date.now() < deadline) {
    await sleep(200)
    left = leftByCrash(receiver)
  }
  return [...wrong, ...said, ...left.map((one) => `left over: ${one}`)]
}

function under(receiver: Receiver): string {
  const all = processes()
  const below = new Set(descendants(receiver.pid, all))
  const commands = all
    .filter(({ pid }) => below.has(pid))
    .map(({ command }) => command.replaceAll('\0', ' ').slice(0, 100))
  const rows = record(receiver, "SELECT id, stage FROM deploy WHERE stage NOT IN ('done', 'failed')")
  return [...commands, ...rows.map(({ id, stage }) => `d${id} is ${stage}`)].join('; ')
}

function open(receiver: Receiver): number {
  return record(receiver, "SELECT id FROM deploy WHERE stage NOT IN ('done', 'failed')").length
}

async function fsck(receiver: Receiver, name: string): Promise<string[]> {
  const cwd = `${receiver.stateDir}/repos/${name}.git`
  const argv = ['git', 'fsck', '--full', '--no-dangling', '--no-progress'] as const
  try {
    await mustRun({ argv: [...argv], env: cleanEnv(receiver.home), cwd })
    return []
  } catch (error) {
    return [`git fsck: ${(error as Error).message}`]
  }
}
