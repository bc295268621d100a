// The fuzzing of the tests, with many more inputs.

import { inputsPerRun } from '../../test/fuzz/target.ts'
import { targets } from '../../test/fuzz/targets.ts'
import { fuzz } from '../../test/helpers/fuzz.ts'
import type { Random } from './random.ts'
import type { Found } from './report.ts'

/** Runs every target once, and again with other seeds until `deadline` (a time of performance.now()). */
export async function fuzzing(chance: Random, deadline: number): Promise<Found[]> {
  const found: Found[] = []
  do {
    for (const name of Object.keys(targets)) {
      const { wrong, again } = await fuzz(name, inputsPerRun.chaos, chance.whole(0, 2 ** 31))
      found.push({
        what: `fuzzing: ${inputsPerRun.chaos} inputs for ${name}`,
        wrong: wrong === '' ? [] : [wrong, again],
      })
    }
  } while (performance.now() < deadline)
  return found
}
