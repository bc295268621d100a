// The Nix store's part of `hostenv gc`: what is kept is rooted first, then what nobody needs is counted, and then removed.
import { existsSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { mustRun } from '../lib/spawn.ts'
import type { State } from '../state/state.ts'
import { allGenerations, type Generation, generationLink } from './generations.ts'
import { addRoot, closureOf, type OperatorNix, words } from './operator-nix.ts'

export interface StoreGarbage {
  /** Generations of deploys that failed: no release stands on them. */
  readonly generations: readonly Generation[]
  /** Generations that stay. */
  readonly kept: number
  /** Store paths that go; empty where the store is the machine's. */
  readonly paths: readonly string[]
  readonly bytes: number
}

/** Says what would go, without removing anything. Roots that are missing are made: they only keep more. */
export async function findStoreGarbage(stateDir: string, state: State, nix: OperatorNix): Promise<StoreGarbage> {
  const all = allGenerations(state, stateDir)
  const kept = all.filter(({ wanted }) => wanted)
  const generations = all.filter(({ wanted }) => !wanted)
  // A state directory that was moved or copied has links that its store does not know as roots.
  for (const generation of kept.filter(({ storePath }) => existsSync(nix.nix.realPath(storePath))))
    await addRoot(nix, generation.storePath, generationLink(generation))
  await rootSources(stateDir, state, nix)
  if (nix.nix.privateStore === null) return { generations, kept: kept.length, paths: [], bytes: 0 }
  const dead = new Set(words(await mustRun(nix.command(['nix-store', '--gc', '--print-dead']))))
  for (const path of await freedBy(stateDir, state, generations, nix)) dead.add(path)
  return { generations, kept: kept.length, paths: [...dead], bytes: await bytesOf([...dead], nix) }
}

/** Removes it. Rollback targets are roots, so Nix itself would refuse to. */
export async function removeStoreGarbage(
  stateDir: string,
  state: State,
  garbage: StoreGarbage,
  nix: OperatorNix,
): Promise<void> {
  for (const { profile, n } of garbage.generations)
    await mustRun(nix.command(['nix-env', '--profile', profile, '--delete-generations', String(n)]))
  for (const link of staleRoots(stateDir, state)) rmSync(link, { force: true })
  if (nix.nix.privateStore !== null) await mustRun(nix.command(['nix-store', '--gc']))
}

/** Links of builds whose deploys have ended, and of sources that are not live any more. */
export function staleRoots(stateDir: string, state: State): string[] {
  const open = new Set(state.deploys.open().map(({ id }) => `d${id}`))
  const sources = new Set(liveSources(state).map(({ name }) => name))
  return list(join(stateDir, 'roots'))
    .filter((name) => (/^d\d+$/.test(name) && !open.has(name)) || (name.startsWith('source-') && !sources.has(name)))
    .map((name) => join(stateDir, 'roots', name))
}

// The sources of live releases stay, so that building one again needs no unpacking.
async function rootSources(stateDir: string, state: State, nix: OperatorNix): Promise<void> {
  for (const { name, storePath } of liveSources(state))
    if (existsSync(nix.nix.realPath(storePath))) await addRoot(nix, storePath, join(stateDir, 'roots', name))
}

function liveSources(state: State): { name: string; storePath: string }[] {
  return state.environments.live().flatMap(({ project, key }) => {
    const tree = state.environments.liveRelease(project, key)?.tree
    const storePath = tree === undefined ? null : state.projects.treePath(tree)
    return storePath === null ? [] : [{ name: `source-${tree}`, storePath }]
  })
}

// What only the unwanted generations and stale links keep is not dead yet, but will be.
async function freedBy(
  stateDir: string,
  state: State,
  generations: readonly Generation[],
  nix: OperatorNix,
): Promise<string[]> {
  const going = new Map(generations.map((generation) => [generationLink(generation), generation.storePath]))
  for (const link of staleRoots(stateDir, state)) going.set(link, readlinkSync(link))
  if (going.size === 0) return []
  const roots = (await mustRun(nix.command(['nix-store', '--gc', '--print-roots']))).split('\n')
  const staying = roots.flatMap((line) => {
    const [link = '', path = ''] = line.split(' -> ')
    return path.startsWith('/') && !going.has(link) ? [path] : []
  })
  const valid = (paths: Iterable<string>) => [...new Set(paths)].filter((path) => existsSync(nix.nix.realPath(path)))
  const kept = new Set(await closureOf(nix, valid(staying)))
  return (await closureOf(nix, valid(going.values()))).filter((path) => !kept.has(path))
}

async function bytesOf(paths: readonly string[], nix: OperatorNix): Promise<number> {
  let bytes = 0
  const real = paths.map((path) => nix.nix.realPath(path)).filter((path) => existsSync(path))
  for (let i = 0; i < real.length; i += 500) {
    const argv = ['du', '--summarize', '--total', '--block-size=1', '--', ...real.slice(i, i + 500)] as const
    const said = await mustRun({ argv: [...argv], env: { PATH: nix.nix.path, LC_ALL: 'C' } })
    bytes += Number(/^(\d+)\ttotal$/m.exec(said)?.[1] ?? 0)
  }
  return bytes
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
