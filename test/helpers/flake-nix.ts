// Nix with flakes as a person at a machine has it, offline, with a /nix of its own: `nix flake init` of 2.8 does not work on
// a store that is somewhere else.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Ran, run } from '../../src/lib/spawn.ts'
import { cleanEnv } from './programs.ts'
import { type Ending, tempDir } from './temp-dir.ts'

/** Runs `nix ARGS` in `cwd`. */
export type FlakeNix = (cwd: string, ...args: string[]) => Promise<Ran>

/** A store that goes when the test ends. */
export function flakeNix(t: Ending): FlakeNix {
  const directory = tempDir(t, 'n')
  const store = join(directory, 'nix')
  mkdirSync(store)
  const env = cleanEnv(directory)
  const features = ['--extra-experimental-features', 'nix-command flakes']
  const offline = [
    '--option',
    'substituters',
    '',
    '--option',
    'build-users-group',
    '',
    '--option',
    'flake-registry',
    '',
  ]
  return (cwd, ...args) =>
    run({
      argv: ['bwrap', '--dev-bind', '/', '/', '--bind', store, '/nix', 'nix', ...features, ...offline, ...args],
      env,
      cwd,
    })
}
