// What benchmarks give to the helpers of the tests in place of a test: everything is taken down when the benchmark ends.
import type { Ending } from '../test/helpers/temp-dir.ts'

/** For `await using`: runs what was registered, last first. */
export function benchEnding(): Ending & AsyncDisposable {
  const stack: (() => unknown)[] = []
  return {
    teardown: (what) => stack.push(what),
    async [Symbol.asyncDispose]() {
      for (const what of stack.toReversed()) await what()
    },
  }
}
