// A build in its turn and within its time: so many run at once, and none for ever.
import type { Limits } from '../config/limits.ts'
import { timeText } from '../config/units.ts'
import { clearStore } from '../lib/clear-store.ts'
import type { Nix } from '../lib/nix.ts'
import type { Slots } from '../lib/slots.ts'
import { type Build, type Derivation, Refused } from '../records.ts'
import { type BuildOptions, build } from './build.ts'

type Bounds = Pick<Limits, 'buildTime' | 'buildProcesses' | 'deployLogBytes' | 'derivationLogBytes'>

/** Builds as `build` does. Throws Refused with the limit when the build takes longer than it may; waiting for a turn does not count. */
export async function boundedBuild(
  slots: Slots,
  limits: Bounds,
  derivation: Derivation,
  options: Omit<BuildOptions, 'limits' | 'nix'> & { readonly nix: Nix },
): Promise<Build> {
  const inTime = async () => {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), limits.buildTime)
    try {
      return await build(derivation, {
        ...options,
        signal: AbortSignal.any([options.signal, late.signal]),
        limits: {
          maxLogBytes: limits.deployLogBytes,
          maxDerivationLogBytes: limits.derivationLogBytes,
          maxProcesses: limits.buildProcesses,
        },
      })
    } catch (error) {
      if (!late.signal.aborted || options.signal.aborted) throw error
      throw new Refused(`build took longer than ${timeText(limits.buildTime)}`, {
        help: ['What was built is kept: push again to go on. Its operator can raise limits.buildTime.'],
      })
    } finally {
      clearTimeout(timer)
    }
  }
  // Two that want the same derivation both come to their turn; Nix's own lock lets one build it, and the other finds it there.
  try {
    return await slots.run(options.signal, inTime, (ahead) =>
      options.emit({ type: 'waiting', text: `${ahead} build${ahead === 1 ? '' : 's'}` }),
    )
  } catch (error) {
    untidy.add(slots)
    throw error
  } finally {
    if (slots.idle && untidy.delete(slots)) await clearStore(options.nix)
  }
}

// Where a build was ended since nothing was built: what it left cannot be told from what others still use.
const untidy = new WeakSet<Slots>()
