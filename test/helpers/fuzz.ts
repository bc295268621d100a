// Runs one target of the fuzzing in a process that may start programs and read, and write nothing at all.
import { join } from 'node:path'
import { run } from '../../src/lib/spawn.ts'
import { cleanEnv, exactly, root } from './programs.ts'

export interface Fuzzed {
  readonly seed: number
  /** What was wrong, with the input; empty where all was right. */
  readonly wrong: string
  /** The command that repeats it. */
  readonly again: string
}

/** Ends it after ten minutes, which is what an input costs that never ends. `inputs` is a whole number. */
export async function fuzz(target: string, inputs: number, seed: number): Promise<Fuzzed> {
  const script = join(root, 'test/fuzz/run.ts')
  const may = ['--permission', '--allow-fs-read=*', '--allow-child-process', '--no-warnings']
  const argv = [target, '--inputs', `${inputs}`, '--seed', `${seed}`]
  const ran = await run(exactly(['node', ...may, script, ...argv], cleanEnv('/nonexistent')), { timeout: 600_000 })
  const again = `node test/fuzz/run.ts ${argv.join(' ')}`
  const said = `${ran.stdout}\n${ran.stderr}`.trim()
  return { seed, wrong: ran.code === 0 ? '' : said || `it ended by ${ran.signal ?? ran.code}`, again }
}
