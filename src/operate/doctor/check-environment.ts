// One environment: the record's live release, its profile, its services and its socket must say the same.
import { closeSync, constants, existsSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import type { LocalHost } from '../../activate/host.ts'
import { currentGeneration, generationPath, profilePath } from '../../activate/profile.ts'
import { releaseDefinitions } from '../../activate/release-definitions.ts'
import { findTree } from '../../activate/service-tree.ts'
import { environmentFacts } from '../../lib/names.ts'
import { projectId } from '../../lib/repositories.ts'
import type { EnvironmentFacts, Release } from '../../records.ts'
import type { EnvironmentRow } from '../../state/environments.ts'
import { type Finding, type Patient, quoted } from './finding.ts'

const restart = 'wait ten seconds: the receiver starts the services of what is live; when it does not, its log says why'

/** Compares everything of one environment but its refs. */
export async function checkEnvironment(patient: Patient, row: EnvironmentRow): Promise<Finding[]> {
  const where = `${row.project} ${row.key}`
  const { runtimeDir, stateDir, state } = patient
  const facts = environmentFacts(projectId(row.project), row.key, row.key, {
    domain: 'localhost',
    runtimeDir,
    stateDir,
  })
  const live = state.environments.liveRelease(row.project, row.key)
  const found: Omit<Finding, 'where'>[] = []
  if (row.broken !== null)
    found.push({
      what: `it is broken: ${row.broken}`,
      mend: 'push a commit that runs; a release that becomes live mends it',
    })
  if (row.live !== null && live === null)
    return [{ where, what: `release ${row.live} is live, and there is no record of it`, mend: 'restore a backup' }]
  found.push(...releases(patient, row), ...(live === null ? [] : profile(patient, row, live)))
  found.push(...(await services(patient, facts, live)), ...(await socket(patient, facts, live)))
  return found.map((finding) => ({ where, ...finding }))
}

type Found = Omit<Finding, 'where'>

// Every release in the list is one that somebody may go back to.
function releases({ state, stateDir, nix }: Patient, row: EnvironmentRow): Found[] {
  return state.environments.kept(row.project, row.key).flatMap((release): Found[] => {
    const path = generationPath(profilePath({ stateDir }, row.user_name), release.generation)
    const again = `push ${release.commit.slice(0, 7)} again when it is needed: it is built again`
    if (path === null)
      return [{ what: `release ${release.n} stands on generation ${release.generation}, which is gone`, mend: again }]
    if (path !== release.storePath)
      return [{ what: `release ${release.n} is ${release.storePath}, but its generation is ${path}`, mend: again }]
    if (!existsSync(nix.nix.realPath(path)))
      return [{ what: `release ${release.n}: the store has no ${path}`, mend: again }]
    return []
  })
}

function profile({ stateDir, nix }: Patient, row: EnvironmentRow, live: Release): Found[] {
  const link = profilePath({ stateDir }, row.user_name)
  const now = currentGeneration(link)
  if (now === live.generation) return []
  const store = nix.nix.privateStore === null ? '' : ` --store ${quoted(nix.nix.privateStore)}`
  return [
    {
      what: `its profile is at ${now === null ? 'no generation' : `generation ${now}`}; release ${live.n}, which is live, is generation ${live.generation}`,
      mend: `nix-env${store} --profile ${quoted(link)} --switch-generation ${live.generation}`,
    },
  ]
}

async function services({ nix, running }: Patient, facts: EnvironmentFacts, live: Release | null): Promise<Found[]> {
  const host = { sandbox: nix.machine.bwrap ? {} : null } as LocalHost
  const tree = findTree(host, facts)
  if (live === null)
    return tree === null
      ? []
      : [{ what: `nothing of it is live, but services run (process ${tree})`, mend: `kill ${tree}` }]
  if (tree === null) {
    // Without a receiver that is a machine at rest, and the next start mends it.
    return running ? [{ what: 'it is live, but its services do not run', mend: restart }] : []
  }
  const folder = join(facts.runtimeDir, 's6/service')
  const wanted = releaseDefinitions(nix.nix, live.storePath)
  const wrong = [...wanted].flatMap(([name, { runs }]) => (installed(join(folder, name)) === runs ? [] : [name]))
  const more = names(folder).filter((name) => !wanted.has(name))
  const mend = `kill ${tree}, and ${restart}`
  return [
    ...wrong.map((name) => ({ what: `its process ${name} does not run as release ${live.n} has it`, mend })),
    ...more.map((name) => ({ what: `it runs a process ${name} that release ${live.n} does not have`, mend })),
  ]
}

async function socket(
  { routes, runtimeDir }: Patient,
  facts: EnvironmentFacts,
  live: Release | null,
): Promise<Found[]> {
  const served = routes?.[facts.userName] ?? null
  if (routes !== null && live === null && served !== null)
    return [{ what: 'nothing of it is live, but the front door serves it', mend: 'restart the receiver' }]
  if (routes !== null && live !== null && served !== join(runtimeDir, 'upstream', facts.userName))
    return [{ what: `the front door sends its requests to ${served ?? 'nobody'}`, mend: 'restart the receiver' }]
  const path = join(facts.upstreamRuntimeDir, 'in.sock')
  const file = lstatSync(path, { throwIfNoEntry: false })
  // A project need not have a socket; one that has must answer on it.
  if (routes === null || live === null || !file) return []
  if (!file.isSocket()) return [{ what: `${path} is no socket`, mend: 'remove it and push again' }]
  if (await connects(path)) return []
  return [
    {
      what: `nobody listens on its socket ${path}`,
      mend: `ssh HOST logs ${facts.environmentName} says why; push a fix`,
    },
  ]
}

function connects(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = createConnection(path, () => resolve(true)).once('error', () => resolve(false))
  socket.setTimeout(5000, () => resolve(false))
  return promise.finally(() => socket.destroy())
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.'))
  } catch {
    return []
  }
}

// What s6.sh says was completely switched to. The folder is the environment's: no link is followed, and no more is read than a path.
function installed(service: string): string | null {
  try {
    const fd = openSync(join(service, 'installed'), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const text = Buffer.alloc(300)
      return text.toString('utf8', 0, readSync(fd, text)).split('\n')[0] ?? null
    } finally {
      closeSync(fd)
    }
  } catch {
    return null
  }
}
