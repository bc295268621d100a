// Environments and plain runs for the programs that tests start: nothing of the developer's own settings gets in.
import { resolve } from 'node:path'
import { type Command, type Ran, type RunOptions, run } from '../../src/lib/spawn.ts'

/** The checkout. */
export const root = resolve(import.meta.dirname, '../..')

/** Node 24 first, whatever the machine has. */
export const path = `${root}/node_modules/.bin:${process.env.PATH ?? '/usr/bin:/bin'}`

/** A whole environment for a program whose home is `home`; git gets an author and no settings of the machine. */
export function cleanEnv(home: string): Record<string, string> {
  return {
    PATH: path,
    HOME: home,
    LC_ALL: 'C.UTF-8',
    TMPDIR: process.env.TMPDIR ?? '/tmp',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Alice',
    GIT_AUTHOR_EMAIL: 'alice@example.org',
    GIT_COMMITTER_NAME: 'Alice',
    GIT_COMMITTER_EMAIL: 'alice@example.org',
  }
}

/**
 * A command that gets exactly `env`. Inside a test file tap adds NODE_OPTIONS to whatever is spawned; they must reach neither
 * a daemon nor the services that it starts.
 */
export function exactly(argv: readonly string[], env: Readonly<Record<string, string>>): Command {
  return { argv: ['env', '-i', ...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...argv], env }
}

/** Runs the checkout's `hostenv` command to its end. */
export function hostenv(args: readonly string[], home: string, options?: RunOptions): Promise<Ran> {
  return run(exactly(['node', `${root}/src/bin.ts`, ...args], cleanEnv(home)), options)
}
