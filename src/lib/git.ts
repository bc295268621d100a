// git as the receiver runs it: an environment made from nothing and every setting on the command line.
import { dirname } from 'node:path'
import type { Command } from './spawn.ts'

/** Settings that hold for every git the receiver starts (git-config(1)). */
const settings = [
  'core.fsync=all',
  'core.logAllRefUpdates=always',
  'gc.auto=0',
  'receive.autogc=false',
  'safe.directory=*',
  'protocol.allow=never',
]

/** The whole environment of a git process; a transport may add GIT_PROTOCOL, nothing else comes from a client. */
function gitEnv(path: string): Record<string, string> {
  return {
    PATH: path,
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_COMMITTER_NAME: 'hostenv',
    GIT_COMMITTER_EMAIL: 'hostenv@localhost',
  }
}

/** `git ARGS` in a bare repository. `extra` are further settings as `name=value`. */
export function git(
  repository: string,
  path: string,
  args: readonly string[],
  extra: readonly string[] = [],
): Command & { argv: [string, ...string[]] } {
  const flags = [...settings, ...extra].flatMap((setting) => ['-c', setting])
  return {
    argv: ['git', ...flags, ...args],
    env: { ...gitEnv(path), GIT_CEILING_DIRECTORIES: dirname(repository) },
    cwd: repository,
  }
}
