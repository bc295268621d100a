// `hostenv doctor`: compares what must agree at every moment (docs/architecture.md), beside a running receiver or without one.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { ConfigError } from '../../config/config.ts'
import type { Env } from '../../config/env.ts'
import { version } from '../../lib/version.ts'
import { openReadOnly } from '../../state/database.ts'
import { migrations } from '../../state/migrations.ts'
import { State } from '../../state/state.ts'
import { schemaVersion } from '../../state/upgrade.ts'
import { adminSocketPath } from '../admin-socket.ts'
import { askReceiver } from '../ask-receiver.ts'
import { operatorNix } from '../operator-nix.ts'
import { type Directories, isHeld } from '../undisturbed.ts'
import { checkEnvironment } from './check-environment.ts'
import { checkLeftovers } from './check-leftovers.ts'
import { checkDirectory, freeSpace } from './check-machine.ts'
import { checkRefs } from './check-refs.ts'
import type { Finding, Patient } from './finding.ts'

/** What `hostenv doctor --json` prints. */
export interface Diagnosis {
  readonly healthy: boolean
  readonly facts: Readonly<Record<string, string>>
  readonly compared: { readonly projects: number; readonly environments: number; readonly refs: number }
  /** Projects with a deploy on its way, which were not compared. */
  readonly busy: readonly string[]
  readonly findings: readonly Finding[]
}

const routesSchema = z.record(z.string(), z.string().nullable())

/** Examines a state directory and changes nothing. Throws ConfigError when there is none. */
export async function examine({ stateDir, runtimeDir }: Directories, env: Env): Promise<Diagnosis> {
  const file = join(stateDir, 'hostenv.db')
  if (!existsSync(file))
    throw new ConfigError(`There is no receiver's state in ${stateDir}: name its directory with --state DIR.`)
  const findings = [...checkDirectory('state', stateDir), ...checkDirectory('runtime', runtimeDir)]
  const running = isHeld(stateDir)
  const nix = await operatorNix(stateDir, env)
  const db = openReadOnly(stateDir)
  const facts = {
    ...{ hostenv: version, node: process.versions.node, nix: dotted(nix.machine.nixVersion) },
    ...{ sqlite: process.versions.sqlite ?? '', bwrap: nix.machine.bwrap ? 'installed' : 'missing' },
    ...{ schema: String(schemaVersion(db)), receiver: running ? 'runs' : 'does not run', free: freeSpace(stateDir) },
    ...{ state: stateDir, runtime: runtimeDir, store: nix.nix.privateStore ?? '/nix/store' },
  }
  const wrongRecord = checkRecord(db)
  if (wrongRecord.length > 0) {
    db.close()
    return diagnosis(facts, [...findings, ...wrongRecord], { projects: 0, environments: 0, refs: 0 }, [])
  }
  using state = new State(stateDir, () => null, db)
  const routes = running ? routesSchema.safeParse(await askReceiver(runtimeDir, '/routes')).data : undefined
  if (running && routes === undefined)
    findings.push({
      ...{ where: 'receiver', what: `it runs, but nobody answers on ${adminSocketPath(runtimeDir)}` },
      mend: "name the receiver's runtime directory with --runtime DIR; when it is the right one, restart the receiver",
    })
  const patient: Patient = { ...{ stateDir, runtimeDir, path: env.path, state, nix, running }, routes: routes ?? null }
  const { found, ...rest } = await checkProjects(patient)
  findings.push(...found, ...(await checkLeftovers(patient)))
  return diagnosis(facts, findings, rest.compared, rest.busy)
}

function checkRecord(db: ReturnType<typeof openReadOnly>): Finding[] {
  const where = 'record'
  const schema = schemaVersion(db)
  if (schema > migrations.length)
    return [{ where, what: `schema ${schema} was written by a newer hostenv`, mend: 'use that version' }]
  if (schema < migrations.length)
    return [{ where, what: `schema ${schema} is older than ${migrations.length}`, mend: 'hostenv upgrade-state' }]
  const { quick_check: check } = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string }
  return check === 'ok' ? [] : [{ where, what: `the database is damaged: ${check}`, mend: 'restore a backup' }]
}

// A switch that is on its way is no difference: such a project is looked at again, and left out when it does not come to rest.
async function checkProjects(patient: Patient) {
  const { state } = patient
  const projects = [
    ...new Set([
      ...state.projects.all().map(({ name }) => name),
      ...state.deploys.projects(),
      ...state.environments.all().map((row) => row.project),
    ]),
  ]
  const found: Finding[] = []
  const busy: string[] = []
  const compared = { projects: 0, environments: 0, refs: 0 }
  for (const project of projects) {
    const one = await atRest(patient, project)
    if (one === null) {
      busy.push(project)
      continue
    }
    found.push(...one.found)
    compared.projects++
    compared.environments += one.environments
    compared.refs += one.refs
  }
  return { found, busy, compared }
}

async function atRest(patient: Patient, project: string) {
  for (let tries = 0; tries < 5; tries++) {
    if (tries > 0) await sleep(400)
    const before = mark(patient, project)
    if (before === null) continue
    const rows = patient.state.environments.ofProject(project)
    const { found: wrongRefs, refs } = await checkRefs(patient, project)
    const found: Finding[] = [...wrongRefs]
    for (const row of rows) found.push(...(await checkEnvironment(patient, row)))
    if (mark(patient, project) === before) return { found, refs, environments: rows.length }
  }
  return null
}

// Changes whenever a deploy of the project does; null while one is on its way.
function mark({ state, running }: Patient, project: string): string | null {
  const open = state.deploys.open().filter((row) => row.project === project && row.stage !== 'committed')
  if (running && open.some(({ stage }) => stage !== 'received' && stage !== 'built')) return null
  return JSON.stringify([state.environments.ofProject(project), state.deploys.lastOfEachRef(project), open])
}

function dotted({ major, minor }: { major: number; minor: number }): string {
  return `${major}.${minor}`
}

function diagnosis(
  facts: Diagnosis['facts'],
  findings: readonly Finding[],
  compared: Diagnosis['compared'],
  busy: readonly string[],
): Diagnosis {
  return { healthy: findings.length === 0, facts, compared, busy, findings }
}
