// Gives a target its inputs: those of the corpus first, then as many as are asked for.
import fc from 'fast-check'
import { mostMilliseconds, type Target } from './target.ts'

/** Answers what was wrong, with the input and how fast-check finds it again; empty where all was right. */
export async function runTarget<T>(target: Target<T>, numRuns: number, seed: number): Promise<string[]> {
  const { inputs, corpus, check, together } = target
  const seen: T[] = []
  const timed = async (input: T) => {
    if (together !== undefined) seen.push(input)
    const before = process.cpuUsage()
    await check(input)
    const { user, system } = process.cpuUsage(before)
    const took = (user + system) / 1000
    if (took > mostMilliseconds) throw new Error(`it took ${took} ms of CPU`)
  }
  const examples = corpus.map((input): [T] => [input])
  const run = await fc.check(fc.asyncProperty(inputs, timed), { numRuns: numRuns + corpus.length, seed, examples })
  if (run.failed) return [`${run.errorInstance}`, fc.defaultReportMessage(run) ?? 'it failed']
  return (await together?.(seen)) ?? []
}
