// `node test/fuzz/run.ts TARGET [--inputs N] [--seed S]`: one target of the fuzzing. Exit 1 when something was wrong.
import { parseArgs } from 'node:util'
import { inputsPerRun } from './target.ts'
import { targets } from './targets.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { inputs: { type: 'string', default: `${inputsPerRun.test}` }, seed: { type: 'string' } },
})
const [name = ''] = positionals
const fuzz = targets[name]
if (fuzz === undefined) throw new Error(`There is no target ${name}. Known: ${Object.keys(targets).join(', ')}.`)
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
const wrong = await fuzz(Number(values.inputs), seed)
for (const sentence of wrong) console.log(sentence)
console.log(`${name}: ${values.inputs} inputs, seed ${seed}, ${wrong.length === 0 ? 'all right' : 'wrong'}`)
process.exitCode = wrong.length > 0 ? 1 : 0
