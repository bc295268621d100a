// Everything that is fuzzed, by name.
import { runTarget } from './run-target.ts'
import type { Target } from './target.ts'
import { configuration } from './targets/configuration.ts'
import { exec } from './targets/exec.ts'
import { manifests } from './targets/manifests.ts'
import { nixLogs } from './targets/nix-logs.ts'
import { pktLines } from './targets/pkt-lines.ts'
import { pushOptions } from './targets/push-options.ts'
import { refNames } from './targets/ref-names.ts'
import { repositoryNames } from './targets/repository-names.ts'

type Fuzz = (inputs: number, seed: number) => Promise<string[]>

const running =
  <T>(target: Target<T>): Fuzz =>
  (inputs, seed) =>
    runTarget(target, inputs, seed)

/** Each answers what was wrong. */
export const targets: Readonly<Record<string, Fuzz>> = {
  exec: running(exec),
  'ref-names': running(refNames),
  'repository-names': running(repositoryNames),
  'push-options': running(pushOptions),
  'pkt-lines': running(pktLines),
  'nix-logs': running(nixLogs),
  manifests: running(manifests),
  configuration: running(configuration),
}
