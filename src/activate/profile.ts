// The environment's Nix profile: which generation is current, and the only two ways to change it.
import { existsSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncFolder } from '../lib/repositories.ts'
import { environmentDir, type LocalHost } from './host.ts'
import { addRoot } from './roots.ts'

/** The profile link (nix-env(1)); generations are `profile-N-link` beside it. */
export function profilePath(host: Pick<LocalHost, 'stateDir'>, userName: string): string {
  return join(environmentDir(host, userName), 'profile', 'profile')
}

/** The current generation, or null where there is no profile. */
export function currentGeneration(profile: string): number | null {
  const target = readLink(profile)
  const n = /-(\d+)-link$/.exec(target ?? '')?.[1]
  return n === undefined ? null : Number(n)
}

/** The store path that a generation, or the current one, points to. */
export function generationPath(profile: string, generation: number | null = currentGeneration(profile)): string | null {
  return generation === null ? null : readLink(`${profile}-${generation}-link`)
}

/**
 * A switch that is done. `kept` resolves once it is on the disk and the generation keeps its output from the garbage collector, and
 * rejects when that cannot be.
 */
export interface Switched {
  readonly generation: number
  readonly kept: Promise<unknown>
}

/**
 * Makes `out` current: an existing generation of it where there is one, else a new one. What nix-env(1) --set does, but that
 * Nix is asked for the root alone, and nobody waits for it, or for the disk, who has something else to do.
 */
export function setProfile(host: LocalHost, profile: string, out: string): Switched {
  mkdirSync(dirname(profile), { recursive: true, mode: 0o700 })
  const all = generations(profile)
  const generation = all.findLast((n) => generationPath(profile, n) === out) ?? (all.at(-1) ?? 0) + 1
  const link = `${profile}-${generation}-link`
  if (readLink(link) === null) symlinkSync(out, link)
  point(profile, generation)
  // Also where there was one: a deploy that failed may have left it before it was a root.
  const kept = Promise.all([addRoot(host.nix, link, out), syncFolder(dirname(profile))])
  kept.catch(() => undefined)
  return { generation, kept }
}

/**
 * Goes back to a generation; null removes the profile (there was none before). Throws where it is gone; what it answers resolves once
 * the switch is on the disk.
 */
export function switchGeneration(profile: string, generation: number | null): Promise<void> {
  if (generation === null) return rm(dirname(profile), { recursive: true, force: true })
  if (currentGeneration(profile) === generation) return Promise.resolve()
  if (readLink(`${profile}-${generation}-link`) === null)
    throw new Error(`generation ${generation} of ${profile} is gone`)
  point(profile, generation)
  return syncFolder(dirname(profile))
}

/** Removes generations that are not current: what they kept may be collected from now on. */
export async function deleteGenerations(profile: string, which: readonly number[]): Promise<void> {
  for (const n of which.filter((one) => one !== currentGeneration(profile)))
    await rm(`${profile}-${n}-link`, { force: true })
  await syncFolder(dirname(profile))
}

// One rename(2), as nix-env makes it. The record says later that this is so, and the record outlives a power cut: the folder goes to the
// disk before that.
function point(profile: string, generation: number): void {
  const next = `${profile}.next`
  rmSync(next, { force: true })
  symlinkSync(`${basename(profile)}-${generation}-link`, next)
  renameSync(next, profile)
}

/** The numbers of all generations, in order. */
export function generations(profile: string): number[] {
  if (!existsSync(dirname(profile))) return []
  return readdirSync(dirname(profile))
    .flatMap((name) => /^profile-(\d+)-link$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
}

function readLink(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    return null
  }
}
