// The environment's Nix profile: which generation is current, and the only two ways to change it.
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncFolder } from '../lib/repositories.ts'
import { mustRun } from '../lib/spawn.ts'
import { environmentDir, type LocalHost } from './host.ts'
import { holding } from './run-activate.ts'

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

/** Makes `out` current: an existing generation of it where there is one, else a new one. Answers the generation. */
export async function setProfile(host: LocalHost, profile: string, out: string): Promise<number> {
  await mkdir(dirname(profile), { recursive: true, mode: 0o700 })
  const existing = generations(profile).findLast((n) => generationPath(profile, n) === out)
  if (existing === undefined) await change(host, profile, ['--set', out])
  else await switchGeneration(host, profile, existing)
  const now = currentGeneration(profile)
  if (now === null || generationPath(profile, now) !== out)
    throw new Error(`the profile ${profile} does not point to ${out}`)
  return now
}

/** Goes back to a generation; null removes the profile (there was none before). */
export async function switchGeneration(host: LocalHost, profile: string, generation: number | null): Promise<void> {
  if (generation === null) return await rm(dirname(profile), { recursive: true, force: true })
  if (currentGeneration(profile) === generation) return
  if (!existsSync(`${profile}-${generation}-link`) && readLink(`${profile}-${generation}-link`) === null)
    throw new Error(`generation ${generation} of ${profile} is gone`)
  await change(host, profile, ['--switch-generation', String(generation)])
}

/** Removes generations that are not current: what they kept may be collected from now on. */
export async function deleteGenerations(host: LocalHost, profile: string, which: readonly number[]): Promise<void> {
  await change(host, profile, ['--delete-generations', ...which.map(String)])
}

// Under the environment's lock, as activate is: recovery takes it first, and so meets no change that is still going on.
async function change(host: LocalHost, profile: string, args: readonly string[]): Promise<void> {
  const lock = join(dirname(dirname(profile)), 'activate.lock')
  await mustRun(holding(lock, host.nix.command(['nix-env', '--profile', profile, ...args])))
  // The record says next that this is so, and the record outlives a power cut.
  await syncFolder(dirname(profile))
}

function generations(profile: string): number[] {
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
