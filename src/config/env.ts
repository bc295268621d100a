// The one place that reads the process environment. It names variables only; every default lives in config.ts.
import { isAbsolute, join } from 'node:path'

export interface Env {
  readonly home: string | undefined
  readonly path: string
  readonly stateHome: string | undefined
  readonly runtimeDir: string | undefined
  readonly user: string | undefined
}

/** Reads the variables that matter (XDG Base Directory Specification names where it has one). */
export function readEnv(): Env {
  const { HOME, PATH, XDG_STATE_HOME, XDG_RUNTIME_DIR, USER } = process.env
  return {
    home: HOME || undefined,
    path: PATH || '/usr/local/bin:/usr/bin:/bin',
    stateHome: XDG_STATE_HOME || undefined,
    runtimeDir: XDG_RUNTIME_DIR || undefined,
    user: USER || undefined,
  }
}

/** The user's folder for what can be made again; null where there is no home. */
export function cacheDirectory(): string | null {
  const { HOME, XDG_CACHE_HOME } = process.env
  const base = XDG_CACHE_HOME || (HOME ? join(HOME, '.cache') : '')
  return isAbsolute(base) ? join(base, 'hostenv') : null
}
