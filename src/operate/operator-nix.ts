// Nix as an operator's command runs it on a state directory: the store that the receiver uses there, found by looking.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { discover, type Machine } from '../config/discover.ts'
import type { Env } from '../config/env.ts'
import { addRootArgs, type Nix, nixEnv } from '../lib/nix.ts'
import { type Command, mustRun } from '../lib/spawn.ts'
import { prepareNix } from '../prepare.ts'

export interface OperatorNix {
  readonly nix: Nix
  readonly machine: Machine
  /** A command in the machine's own pid namespace: the collector must see which processes use what. */
  command(args: readonly string[]): Command
}

/** Throws ConfigError when the machine lacks a program. `store`: `private` or `machine`; else what the state directory has. */
export async function operatorNix(stateDir: string, env: Env, store?: 'private' | 'machine'): Promise<OperatorNix> {
  const machine = await discover(env.path)
  const found = existsSync(join(stateDir, 'nix/nix/store')) ? 'private' : 'machine'
  const settings = {
    store: store ?? found,
    packages: null,
    allowUnsandboxedBuilds: false,
    allowedGitHosts: [],
    options: {},
  } as const
  const nix = prepareNix({ nix: settings, stateDir }, env, machine)
  return {
    ...{ nix, machine },
    command: (args) => ({ argv: ['setpriv', '--pdeathsig', 'KILL', ...nix.plain(args)], env: nixEnv(nix) }),
  }
}

/** Makes `link` a root of the collector that keeps `storePath`. Idempotent; registers again what was moved here. */
export async function addRoot({ command, nix }: OperatorNix, storePath: string, link: string): Promise<void> {
  await mustRun(command(addRootArgs(nix, link, storePath)))
}

/** The closure of store paths, each once, in an order in which they can be imported. */
export async function closureOf({ command }: OperatorNix, paths: readonly string[]): Promise<string[]> {
  if (paths.length === 0) return []
  return words(await mustRun(command(['nix-store', '--query', '--requisites', ...paths])))
}

/** Lines of store paths. */
export function words(stdout: string): string[] {
  return stdout.split('\n').filter((line) => line.startsWith('/'))
}
