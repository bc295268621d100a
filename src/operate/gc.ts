// `hostenv gc`: shows what nobody needs any more and removes it: store paths, objects of refused pushes, old logs of deploys.

import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Env } from '../config/env.ts'
import { repositoriesOf } from '../lib/clear-up.ts'
import { collectRepository } from '../lib/git-gc.ts'
import { byteSize as byteText } from '../report/units.ts'
import { State } from '../state/state.ts'
import { findRepositoryGarbage } from './gc-repositories.ts'
import { findStoreGarbage, removeStoreGarbage } from './gc-store.ts'
import { operatorNix } from './operator-nix.ts'
import { plural } from './quantities.ts'
import { type Directories, undisturbed } from './undisturbed.ts'

export interface GcOptions {
  readonly dryRun: boolean
  /** Logs of deploys that are older go. */
  readonly logDays: number
  /** Seconds to wait for deploys on their way. */
  readonly wait: number
  readonly say: (line: string) => void
}

/** Collects. Throws ConfigError when deploys do not come to rest in time. */
export async function collectGarbage(dirs: Directories, env: Env, options: GcOptions): Promise<void> {
  await undisturbed(dirs, { why: 'gc', wait: options.wait }, async ({ lost }) => {
    using state = new State(dirs.stateDir, () => null)
    const work = [storePart, gitPart, logPart]
    let bytes = 0
    for (const part of work) {
      lost.throwIfAborted()
      bytes += await part(dirs.stateDir, env, state, options)
    }
    const { say, dryRun } = options
    if (dryRun) say(`Would free about ${byteText(bytes)}. Nothing was removed; without --dry-run it is.`)
    else say(`Freed about ${byteText(bytes)}.`)
  })
}

type Part = (stateDir: string, env: Env, state: State, options: GcOptions) => Promise<number>

const storePart: Part = async (stateDir, env, state, { say, dryRun }) => {
  const nix = await operatorNix(stateDir, env)
  const found = await findStoreGarbage(stateDir, state, nix)
  say(`Releases    ${plural(found.kept, 'generation')} to go back to: kept`)
  for (const { userName, n } of found.generations)
    say(`            generation ${n} of ${userName}: that no release needs`)
  if (nix.nix.privateStore === null)
    say(`Nix store   the machine's own: nix-collect-garbage frees it, and keeps every release`)
  else say(`Nix store   ${plural(found.paths.length, 'path')} that nothing needs, ${byteText(found.bytes)}`)
  if (!dryRun) await removeStoreGarbage(stateDir, state, found, nix)
  return found.bytes
}

const gitPart: Part = async (stateDir, env, _state, { say, dryRun }) => {
  let bytes = 0
  const incoming = join(stateDir, 'incoming')
  for (const repository of (await repositoriesOf(stateDir)).filter((path) => !path.startsWith(incoming))) {
    const found = await findRepositoryGarbage(repository, env.path)
    const name = repository.split('/').slice(-2).join('/')
    if (found.objects === 0) continue
    say(`Repository  ${name}: ${plural(found.objects, 'object')} of refused pushes, ${byteText(found.bytes)}`)
    if (dryRun || (await collectRepository(repository, env.path, 10))) bytes += found.bytes
    else say(`            left as it is: a push is being received there; run gc again later`)
  }
  if (bytes === 0) say('Repository  no objects of refused pushes')
  return bytes
}

const logPart: Part = async (stateDir, _env, state, { say, dryRun, logDays }) => {
  const old = oldLogs(join(stateDir, 'log/deploys'), logDays, needed(state))
  const bytes = old.reduce((sum, { size }) => sum + size, 0)
  say(`Logs        ${plural(old.length, 'log')} of deploys older than ${plural(logDays, 'day')}, ${byteText(bytes)}`)
  if (!dryRun) for (const { file } of old) rmSync(file, { force: true })
  return bytes
}

// The log of what is live, and of the newest attempt, is what people ask for, however old it is.
function needed(state: State): Set<string> {
  const ids = state.environments.all().flatMap(({ project, key, live }) => {
    const latest = state.deploys.latest(project, key)?.id
    const of = live === null ? null : state.environments.deployOf(project, key, live)
    return [latest, of].filter((id) => id != null)
  })
  return new Set(ids.map((id) => `d${id}.log`))
}

function oldLogs(folder: string, days: number, keep: ReadonlySet<string>): { file: string; size: number }[] {
  const before = Date.now() - days * 24 * 60 * 60_000
  return readdirSync(folder).flatMap((name) => {
    const file = join(folder, name)
    const stat = statSync(file, { throwIfNoEntry: false })
    return stat && /^d\d+\.log$/.test(name) && !keep.has(name) && stat.mtimeMs < before
      ? [{ file, size: stat.size }]
      : []
  })
}
