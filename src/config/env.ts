// The one place that reads the process environment. It names variables only; every default lives in config.ts.

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
