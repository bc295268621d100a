// What a changed configuration changes in a receiver that runs, and what has to wait for its next start.
import { isDeepStrictEqual } from 'node:util'
import type { Config } from './config.ts'

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
  const waiting = Object.entries(atStart).flatMap(([name, of]) =>
    isDeepStrictEqual(of(running), of(next)) ? [] : [name],
  )
  const { users, projects, adminKeyFiles, limits } = next
  return { config: { ...running, users, projects, adminKeyFiles, limits }, waiting }
}
