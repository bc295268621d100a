// Whatever comes from others is read by a parser: each gets inputs by chance, beside the ones that the repository keeps, and an oracle
// says what is right. No crash, no hang, and nothing written: the process may not.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { run } from '../../src/lib/spawn.ts'
import { fuzz } from '../helpers/fuzz.ts'
import { cleanEnv, exactly, root } from '../helpers/programs.ts'
import { inputsPerRun } from './target.ts'
import { targets } from './targets.ts'

const seed = Date.now() % 2 ** 31

for (const name of Object.keys(targets))
  t.test(`${name}: ${inputsPerRun.test} inputs`, async (t) => {
    const { wrong, again } = await fuzz(name, inputsPerRun.test, seed)
    t.equal(wrong, '', again)
    t.ok(statSync(join(root, 'test/fuzz/corpus', `${name}.json`)).size > 100, 'the repository keeps inputs for it')
  })

t.test('an oracle finds what is wrong, and says how to see it again', async (t) => {
  const planted = `import fc from 'fast-check'
    const { runTarget } = await import(${JSON.stringify(join(root, 'test/fuzz/run-target.ts'))})
    const check = (n) => { if (n > 900) throw new Error('too much') }
    console.log((await runTarget({ inputs: fc.nat({ max: 1000 }), corpus: [], check }, 500, 1)).join())
    const used = () => process.cpuUsage().user + process.cpuUsage().system
    const slow = () => { for (const last = used() + 2.5e6; used() < last; ); }
    console.log((await runTarget({ inputs: fc.constant(1), corpus: [], check: slow }, 1, 1)).join())
    await import('node:fs').then(({ writeFileSync }) => writeFileSync('/tmp/x', 'x'))`
  const argv = ['node', '--permission', '--allow-fs-read=*', '--input-type=module', '-e', planted]
  const ran = await run({ ...exactly(argv, cleanEnv('/nonexistent')), cwd: root })
  t.match(ran.stdout, /too much[\s\S]*seed: 1,[\s\S]*Counterexample: \[901\]/)
  t.match(ran.stdout, /ms of CPU/)
  t.match(ran, { code: 1, stderr: /ERR_ACCESS_DENIED[\s\S]*FileSystemWrite/ })
})
