// What a changed configuration changes in a receiver that runs, and what has to wait for its next start.
import { isDeepStrictEqual } from 'node:util'
import type { Config } from './config.ts'
import { isLimit, limitTable } from './limits.ts'

/** Settings that a running receiver cannot change, as the file names them. */
const atStart = {
  'listen.ssh': (config: Config) => config.ssh,
  'listen.http': (config: Config) => config.http,
  domain: (config: Config) => config.domain,
  state: (config: Config) => config.stateDir,
  runtime: (config: Config) => config.runtimeDir,
  host: (config: Config) => config.host,
  nix: (config: Config) => config.nix,
  log: (config: Config) => config.log,
}

export interface InForce {
  /** What holds now. */
  readonly config: Config
  /** Settings that changed and take effect at the next start. */
  readonly waiting: readonly string[]
}

/** Puts `next` in force over `running`, but for what waits. Pure. */
export function inForce(running: Config, next: Config): InForce {
  const settings = Object.entries(atStart).flatMap(([name, of]) =>
    isDeepStrictEqual(of(running), of(next)) ? [] : [name],
  )
  const limits = waitingLimits(limitTable, running.limits, next.limits, 'limits')
  const { users, projects, adminKeyFiles } = next
  return {
    config: { ...running, users, projects, adminKeyFiles, limits: next.limits },
    waiting: [...settings, ...limits],
  }
}

function waitingLimits(table: object, running: object, next: object, prefix: string): string[] {
  return Object.entries(table).flatMap(([name, entry]: [string, object]) => {
    const [before, after] = [(running as Record<string, unknown>)[name], (next as Record<string, unknown>)[name]]
    if (!isLimit(entry)) return waitingLimits(entry, before as object, after as object, `${prefix}.${name}`)
    return entry.atStart && before !== after ? [`${prefix}.${name}`] : []
  })
}
