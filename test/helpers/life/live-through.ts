// Runs random sequences on receivers side by side. A failing one is shrunk, and told with its seed, so that it can be run again:
// HOSTENV_LIFE_SEED=… HOSTENV_LIFE_RUNS=1 npx tap test/life
import fc from 'fast-check'
import type { Test } from 'tap'
import { tempDir } from '../temp-dir.ts'
import { makeLifeReceiver } from './receiver.ts'
import { live, sequences, Wrong } from './sequence.ts'

/** Most of the time is spent waiting for git and Nix. */
const receivers = 2

/** Milliseconds. On a machine that has much else to do there are fewer sequences, and it is said how many. */
const longest = 1_200_000

/** Lives through `runs` sequences (HOSTENV_LIFE_RUNS has the last word); `part` makes them others than those of another file. */
export async function liveThrough(t: Test, part: number, runs: number): Promise<void> {
  const each = Math.ceil(Number(process.env.HOSTENV_LIFE_RUNS ?? runs) / receivers)
  const seed = Number(process.env.HOSTENV_LIFE_SEED ?? Date.now() % 2 ** 30)
  t.comment(`HOSTENV_LIFE_SEED=${seed}`)
  const running = Array.from({ length: receivers }, async (_, index) => {
    const receiver = await makeLifeReceiver(tempDir(t, 'l'))
    t.teardown(() => receiver.close())
    const property = fc.asyncProperty(sequences, (steps) => live(receiver, steps))
    return await fc.check(property, {
      seed: seed + part * receivers + index,
      numRuns: each,
      interruptAfterTimeLimit: longest,
    })
  })
  for (const { failed, interrupted, numRuns, numShrinks, seed, errorInstance } of await Promise.all(running)) {
    if (interrupted) t.comment(`only ${numRuns} of ${each} sequences: the machine is busy`)
    const why = errorInstance instanceof Wrong ? errorInstance.message : ((errorInstance as Error)?.stack ?? '')
    t.notOk(failed, `${numRuns} sequences of seed ${seed}${failed ? `, shrunk ${numShrinks} times:\n${why}` : ''}`)
  }
}
