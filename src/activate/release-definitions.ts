// How the processes of a release are defined: what the managers compare, read from its own closure.
import type { Nix } from '../lib/nix.ts'
import { readOutputFile } from './output-file.ts'

export interface Definition {
  /** Store path of what runs: another one is another process. */
  readonly runs: string
  /** Store path of the files that it reads again without a restart, `-` for none. */
  readonly files: string
  /** Whether it is restarted at each release, changed or not. */
  readonly everyRelease: boolean
}

/**
 * By name, from `share/hostenv/processes.list`, a line for each process (nix/managers/package.nix): level name restart patience
 * onrelease reload files definition. What is not made with this library has none. Throws BadOutputFile.
 */
export function releaseDefinitions(nix: Nix, out: string): Map<string, Definition> {
  const lines = (readOutputFile(nix, out, 'share/hostenv/processes.list') ?? '').split('\n')
  return new Map(
    lines.flatMap((line): [string, Definition][] => {
      const [, name = '', , , onRelease, , files = '-', runs = ''] = line.split(' ')
      return name === '' ? [] : [[name, { runs, files, everyRelease: onRelease !== '-' }]]
    }),
  )
}
