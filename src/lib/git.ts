// git as the receiver runs it: an environment made from nothing and every setting on the command line.
import { dirname } from 'node:path'
import { Refused } from '../records.ts'
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

/** What a program is started with so that it has at most so much memory of its own (RLIMIT_DATA), and all that it starts. */
export function withMemory(bytes: number): string[] {
  return ['prlimit', `--data=${bytes}`, '--']
}

/** How git says that it has no more (wrapper.c, zlib.c; index-pack.c of its threads). */
export const outOfMemory = /out of memory|cannot allocate memory|unable to create thread/i

/** What is told then. git builds an object whole, and a delta of a few bytes can make one of any size. */
export function needsMemory(bytes: number): Refused {
  return new Refused(`git needs more than ${Math.round(bytes / 1024 ** 2)} MiB of memory for a file of this push`, {
    help: ['Keep large files out of git.', 'Its operator can raise limits.gitMemory.'],
  })
}
