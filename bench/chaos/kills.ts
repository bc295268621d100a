// kill -9 of the daemon, of git, hooks, Nix, builders, sandboxes, `activate`, services and clients at random moments of random pushes. After
// each: all that says what is live agrees, what was reported `ok` is live, what was refused with a reason is not, and nothing is left over.
import { mustRun } from '../../src/lib/spawn.ts'
import { agree } from '../../test/helpers/agree.ts'
import { cleanEnv } from '../../test/helpers/programs.ts'
import { makeQuickProject } from '../../test/helpers/quick-project.ts'
import { type Receiver, startReceiver } from '../../test/helpers/receiver.ts'
import type { Ending } from '../../test/helpers/temp-dir.ts'
import { choose, keys, type Site } from './kill-choice.ts'
import { killRound, starting } from './kill-round.ts'
import { random } from './random.ts'
import type { Found } from './report.ts'
import { type Victim, victims } from './victims.ts'

export interface KillsOptions {
  readonly seed: number
  readonly least: number
  /** A time of performance.now(): it goes on until then. */
  readonly deadline: number
  /** The only victim; every kind where it is left out. */
  readonly only?: string | undefined
}

/** Receivers that live through it side by side. */
const lanes = 2
/** More than this many broken sentences say nothing new. */
const enough = 20

/** Kills until there were `least` kills and the deadline has passed. What a round does follows from the seed and the round's number. */
export async function kills(ending: Ending, { seed, least, deadline, only }: KillsOptions): Promise<Found> {
  const begun = performance.now()
  const wrong: string[] = []
  const count = Object.fromEntries(victims.map((victim) => [victim, 0])) as Record<Victim, number>
  const sum = () => Object.values(count).reduce((all, one) => all + one, 0)
  let rounds = 0
  const lane = async () => {
    const receiver = await startReceiver(ending, starting)
    const sites = [await makeSite(ending, receiver, 'acme/one'), await makeSite(ending, receiver, 'acme/two')] as const
    for (let own = 1; (sum() < least || performance.now() < deadline) && wrong.length < enough; own++) {
      const n = ++rounds
      const choice = choose(random(seed * 100_003 + n), sites, only)
      const ended = await killRound(receiver, choice, (victim) => count[victim]++).catch((error: Error) => error)
      if (ended instanceof Error) return void wrong.push(`round ${n}, ${choice.told}: ${ended.message}`)
      const said = [...ended]
      if (own % 10 === 0) for (const site of sites) said.push(...(await whole(receiver, site)))
      wrong.push(...said.map((what) => `round ${n}, ${choice.told}: ${what}`))
      if (n % 50 === 0)
        console.error(`${sum()} kills in ${n} pushes after ${Math.round((performance.now() - begun) / 1000)} s`)
    }
    for (const site of sites) wrong.push(...(await whole(receiver, site)))
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  const told = victims.map((victim) => `${victim} ${count[victim]}`).join(', ')
  const minutes = ((performance.now() - begun) / 60_000).toFixed(1)
  return { what: `kill -9, ${sum()} times in ${rounds} pushes in ${minutes} minutes (${told})`, wrong }
}

async function makeSite(ending: Ending, receiver: Receiver, name: string): Promise<Site> {
  const project = await makeQuickProject(ending)
  const head = await project.git('rev-parse', 'HEAD')
  const live = new Map<string, string | null>()
  let usual = 0
  for (const key of keys) {
    const pushed = await project.push(receiver, `main:refs/heads/${key}`, { name })
    if (pushed.code !== 0) throw new Error(pushed.stderr)
    live.set(key, head)
    usual = pushed.duration
  }
  return { name, project, live, first: head, usual }
}

// What no round touched is as it was, too; and every object is whole.
async function whole(receiver: Receiver, { name, live }: Site): Promise<string[]> {
  const said: string[] = []
  for (const [key, commit] of live) said.push(...(await agree(receiver, name, key, { live: commit, branch: commit })))
  const cwd = `${receiver.stateDir}/repos/${name}.git`
  const argv = ['git', 'fsck', '--full', '--no-dangling', '--no-progress'] as const
  const failed = await mustRun({ argv: [...argv], env: cleanEnv(receiver.home), cwd }).then(
    () => [],
    (error: Error) => [`git fsck: ${error.message}`],
  )
  return [...said, ...failed]
}
