// What one round of kills does, by chance alone: which push, to where, and who is killed when.
import type { Files, Project } from '../../test/helpers/project.ts'
import type { Random } from './random.ts'
import { type Victim, victims } from './victims.ts'

export const keys = ['main', 'staging', 'dev'] as const
type Key = (typeof keys)[number]

export interface Site {
  readonly name: string
  readonly project: Project
  /** By key: the commit that has to be live, which is where its branch is; null where it is stopped. */
  readonly live: Map<string, string | null>
  /** The commit that everything began with. */
  readonly first: string
  /** Milliseconds of a push that nobody disturbs. */
  readonly usual: number
}

export interface Choice {
  readonly chance: Random
  readonly site: Site
  /** Those that are pushed to; two are pushed with --atomic. */
  readonly keys: readonly Key[]
  readonly victim: Victim
  /** Milliseconds after the beginning of the push. */
  readonly moment: number
  /** Kills the daemon again while it starts, so many milliseconds after. */
  readonly again: number | null
  /** What the commit changes; null: the branch is deleted. */
  readonly files: Files | null
  /** Whether it may become live at all. */
  readonly fails: boolean
  readonly told: string
}

const plain: Files = { 'build.sh': 'echo page > $out\n', 'activate.sh': ':\n' }

/** The same chance makes the same choice; `only` names a victim. */
export function choose(chance: Random, sites: readonly Site[], only: string | undefined): Choice {
  const site = chance.pick(sites)
  const victim = chance.pick(only === undefined ? victims : victims.filter((one) => one === only))
  const key = chance.pick(keys)
  const share = chance.whole(0, 1000) / 1000
  // Builders and `activate` are there for a moment only, unless they take their time.
  const slow = chance.chance(victim === 'builder' || victim === 'activate' ? 0.8 : 0.25)
  const tenths = chance.whole(1, 9)
  const again = victim === 'daemon' && chance.chance(0.25) ? chance.whole(20, 700) : null
  const kind = chance.whole(0, 100)
  const greeting = `${chance.whole(0, 1e9)}\n`
  const common = { chance, site, keys: [key], victim, again, fails: false }
  const rest = (kind: string, to: readonly string[] = [key]) => {
    const moment = Math.round(share * (site.usual + (slow ? tenths * 100 : 0)))
    const twice = again === null ? '' : ' and again'
    return { moment, told: `${kind} to ${site.name} ${to.join(' and ')}, kill of ${victim} after ${moment} ms${twice}` }
  }
  const change = {
    ...plain,
    'greeting.txt': greeting,
    ...(slow ? { 'build.sh': `sleep 0.${tenths}; echo page > $out\n` } : {}),
    ...(slow && victim === 'activate' ? { 'activate.sh': `sleep 0.${tenths}\n` } : {}),
  }
  if (kind < 8)
    return {
      ...common,
      files: { ...change, 'build.sh': `sleep 0.${tenths}; exit 3\n` },
      fails: true,
      ...rest('a commit that does not build'),
    }
  if (kind < 16)
    return {
      ...common,
      files: { ...change, 'activate.sh': 'exit 4\n' },
      fails: true,
      ...rest('a commit that does not activate'),
    }
  if (kind < 24) return { ...common, files: {}, ...rest('the same tree again') }
  if (kind < 36) {
    const both = [key, keys[(keys.indexOf(key) + 1) % keys.length] as Key].toSorted() as Key[]
    return { ...common, keys: both, files: change, ...rest('an atomic push', both) }
  }
  if (kind < 43 && key === 'dev') return { ...common, files: null, ...rest('a deletion') }
  return { ...common, files: change, ...rest(slow ? 'a slow change' : 'a change') }
}
