// What nothing in the record accounts for: deploys that no receiver finished, folders, roots, lock files, running services.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { treesBelow } from '../../activate/down.ts'
import { repositoriesOf, staleLocks } from '../../lib/clear-up.ts'
import { repositoryPath } from '../../lib/repositories.ts'
import { staleRoots } from '../gc-store.ts'
import { allGenerations } from '../generations.ts'
import { plural } from '../quantities.ts'
import { type Finding, type Patient, quoted } from './finding.ts'

const where = 'leftovers'

/** Finds them. Beside a running receiver what may be in use is left out. */
export async function checkLeftovers(patient: Patient): Promise<Finding[]> {
  return [
    ...unfinished(patient),
    ...unknownFolders(patient),
    ...unknownServices(patient),
    ...(await garbage(patient)),
    ...(patient.running ? [] : await atRest(patient)),
  ]
}

function unfinished({ state, running }: Patient): Finding[] {
  const start = 'start the receiver: it undoes what was not committed, and finishes what was'
  // A running receiver finishes its own; what it could not finish a minute after the commit waits for the next start.
  const late = Date.now() - 10 * 60_000
  return state.deploys
    .open()
    .filter((row) => !running || (row.stage === 'committed' && Date.parse(row.received_at) < late))
    .map((row) => ({
      where: `${row.project} d${row.id}`,
      what: `this deploy was left at ‘${row.stage}’`,
      mend: running ? 'restart the receiver: its start finishes it' : start,
    }))
}

function unknownFolders({ state, stateDir }: Patient): Finding[] {
  const users = new Set(state.environments.all().map((row) => row.user_name))
  const projects = new Set([
    ...state.projects.all().map(({ name }) => name),
    ...state.deploys.projects(),
    // A first push puts its repository in place before it is accepted.
    ...state.deploys.open().map((row) => row.project),
    ...state.environments.all().map((row) => row.project),
  ])
  const repos = join(stateDir, 'repos')
  return [
    ...list(join(stateDir, 'env'))
      .filter((name) => !users.has(name))
      .map((name) => folder(join(stateDir, 'env', name), 'holds data of no environment in the record')),
    ...list(repos).flatMap((organisation) =>
      list(join(repos, organisation))
        .map((name) => `${organisation}/${name.replace(/\.git$/, '')}`)
        .filter((name) => !projects.has(name))
        .map((name) => folder(repositoryPath(stateDir, name), 'is the repository of no project in the record')),
    ),
  ]
}

function folder(path: string, what: string): Finding {
  return { where, what: `${path} ${what}`, mend: `look into it; when nobody needs it: rm -r ${quoted(path)}` }
}

function unknownServices({ state, runtimeDir }: Patient): Finding[] {
  const users = new Set(state.environments.all().map((row) => row.user_name))
  return treesBelow(join(runtimeDir, 'user'))
    .filter(({ user }) => !users.has(user))
    .map(({ pid, user }) => ({ where, what: `services of ${user} run, which is no environment`, mend: `kill ${pid}` }))
}

async function garbage({ state, stateDir, nix }: Patient): Promise<Finding[]> {
  const failed = allGenerations(state, stateDir).filter(({ wanted }) => !wanted)
  const roots = staleRoots(stateDir, state).filter((link) => /\/d\d+$/.test(link))
  const missing = nix.nix.privateStore !== null && !existsSync(nix.nix.storeDir)
  return [
    ...(missing
      ? [{ where: 'store', what: `the private store ${nix.nix.privateStore} is gone`, mend: 'restore a backup' }]
      : []),
    ...(roots.length > 0
      ? [
          {
            where,
            what: `${plural(roots.length, 'build')} of deploys that ended are kept in the store`,
            mend: 'hostenv gc',
          },
        ]
      : []),
    ...(failed.length >= 20
      ? [{ where, what: `${failed.length} generations of failed deploys are kept in the store`, mend: 'hostenv gc' }]
      : []),
  ]
}

// While nothing runs, nothing may be locked or half received.
async function atRest({ stateDir, state }: Patient): Promise<Finding[]> {
  const mend = 'start the receiver: it removes them'
  const locks = (await Promise.all((await repositoriesOf(stateDir)).map(staleLocks))).flat()
  const open = new Set(state.deploys.open().map(({ repository }) => repository))
  const incoming = list(join(stateDir, 'incoming')).filter((name) => !open.has(join(stateDir, 'incoming', name)))
  const scratch = list(join(stateDir, 'tmp'))
  return [
    ...locks.map((lock) => ({ where, what: `${lock} keeps git from changing that ref`, mend })),
    ...(incoming.length > 0
      ? [
          {
            where,
            what: `${plural(incoming.length, 'half-made repository').replace('ys', 'ies')} in ${stateDir}/incoming`,
            mend,
          },
        ]
      : []),
    ...(scratch.length > 0
      ? [{ where, what: `${plural(scratch.length, 'scratch folder')} in ${stateDir}/tmp`, mend }]
      : []),
  ]
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
