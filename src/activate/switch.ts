// The switch of one environment: profile, activate, checks (S4, S5), and the way back. Rows are the pipeline's affair.
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDiskFull } from '../lib/disk-full.ts'
import type { Emit, EnvironmentFacts, Proof, Verification } from '../records.ts'
import { Refused } from '../records.ts'
import { type CheckContext, checkRelease, withLastLines } from './checks.ts'
import { type LocalHost, makeDirectories, type Place, type ReleaseFacts, writeReleaseFile } from './host.ts'
import { generationPath, profilePath, type Switched, setProfile, switchGeneration } from './profile.ts'
import { releaseProcesses } from './release-processes.ts'
import { quietLock, runActivate, type StandBy } from './run-activate.ts'
import { logSizes, lookAt } from './s6.ts'
import { ensureTree, isMarked, markTree, stopTree, whyEnded } from './service-tree.ts'

export interface SwitchContext extends LocalHost {
  readonly socketOf: (facts: EnvironmentFacts) => string | null
}

/** S4: points the profile to `out`: to the generation that has it where that is known. */
export function switchProfile(
  host: SwitchContext,
  place: Place,
  { out, generation }: { readonly out: string; readonly generation: number | null },
): Switched {
  makeDirectories(place.facts)
  const profile = profilePath(host, place.facts.userName)
  if (generation === null) return setProfile(host, profile, out)
  // A release stood on it, so it is a root.
  const kept = switchGeneration(profile, generation)
  kept.catch(() => undefined)
  return { generation, kept }
}

export interface Activation {
  readonly place: Place
  readonly out: string
  readonly release: ReleaseFacts
  readonly verification: Verification
  readonly proven: Proof | null
  /** The `activate` of just that, ready to begin. */
  readonly ready: StandBy
}

/** S5: activates and checks. Answers whether it answers on a socket, null where nobody knows. Throws Refused when the release does not run. */
export async function activate(host: SwitchContext, a: Activation, emit: Emit): Promise<boolean | null> {
  if (!existsSync(`${host.nix.realPath(a.out)}/bin/activate`))
    throw new Refused('the build has no bin/activate', {
      help: ['activatePackage must contain an executable bin/activate.'],
    })
  using check = checkContext(host, a, emit)
  const logs = logSizes(a.place, [...check.processes.keys()])
  await ensureTree(host, a.place)
  whyEnded(a.place.facts)
  try {
    writeReleaseFile(a.place.facts, a.release)
    await a.ready.begin()
    markTree(host, a.place.facts, a.out)
    return await checkRelease(check).catch(async (error: unknown) => {
      throw error instanceof Refused ? await withLastLines(check, error, logs) : error
    })
  } catch (error) {
    // Whatever failed then failed because of that.
    const over = whyEnded(a.place.facts)
    throw over === null ? error : new Refused(`services ended: ${over}`)
  }
}

// The look at services opens now, while `activate` runs: it is there when it is needed.
function checkContext(
  host: SwitchContext,
  { place, out, verification, proven }: Omit<Activation, 'release' | 'ready'>,
  emit: Emit,
): CheckContext & Disposable {
  const processes = releaseProcesses(host.nix, out)
  const look = lookAt(host, place, [...processes.keys()])
  const socket = () => host.socketOf(place.facts)
  return {
    host,
    place,
    processes,
    verification,
    emit,
    proven,
    look,
    socket,
    [Symbol.dispose]: () => look[Symbol.dispose](),
  }
}

export interface Undo {
  readonly place: Place
  /** What was live before; null: nothing, so services stop and the profile goes. */
  readonly previous: (ReleaseFacts & Proof & { readonly generation: number }) | null
  /** The profile's generation before, live or not. */
  readonly generation: number | null
  readonly verification: Verification
}

/** So many milliseconds later an undo that failed is tried again, unless it failed later than this after its beginning. */
const again = { after: 1000, within: 30_000 }

/**
 * Restores what was there: its generation, its `activate`. What fails once may have been killed, or have met a process that had just died:
 * it is tried twice. Throws when it cannot: the environment is broken then.
 */
export async function undo(host: SwitchContext, u: Undo, emit: Emit): Promise<void> {
  const begun = performance.now()
  try {
    await undoOnce(host, u, emit)
  } catch (error) {
    if (isDiskFull(error) || performance.now() - begun > again.within) throw error
    await sleep(again.after)
    await undoOnce(host, u, emit)
  }
}

async function undoOnce(host: SwitchContext, u: Undo, emit: Emit): Promise<void> {
  const { facts } = u.place
  // A sandbox that was killed while it began may leave one half of itself, which would hold up this `activate` for as long as it may take.
  await quietLock(host, facts.userName)
  const profile = profilePath(host, facts.userName)
  if (u.previous === null) await stopTree(host, facts)
  await switchGeneration(profile, u.previous?.generation ?? u.generation)
  writeReleaseFile(facts, u.previous)
  if (u.previous === null)
    return emit({ type: 'restored', release: null, text: 'nothing was live before; services stopped' })
  const out = generationPath(profile, u.previous.generation)
  if (out === null) throw new Error(`generation ${u.previous.generation} is gone`)
  await ensureTree(host, u.place)
  using check = checkContext(
    host,
    { place: u.place, out, verification: u.verification, proven: u.previous },
    () => undefined,
  )
  await runActivate(host, u.place, out, u.previous, () => undefined)
  markTree(host, facts, out)
  await checkRelease(check)
  emit({ type: 'restored', release: u.previous.n, text: 'what activate did to data is not undone' })
}

/**
 * Brings a live release to what the record says of it: its generation, its services. Does nothing where the tree runs and was
 * brought to this release, unless `anyway`. Answers whether it had to.
 */
export async function ensureRunning(
  host: SwitchContext,
  place: Place,
  release: ReleaseFacts & { readonly generation: number; readonly storePath: string },
  anyway = false,
): Promise<boolean> {
  const { facts } = place
  await switchGeneration(profilePath(host, facts.userName), release.generation)
  if (!anyway && isMarked(host, facts, release.storePath)) return false
  await ensureTree(host, place)
  writeReleaseFile(facts, release)
  await runActivate(host, place, release.storePath, release, () => undefined)
  markTree(host, facts, release.storePath)
  return true
}
