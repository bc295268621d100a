// Whatever people and machines do, in whatever order: after each step refs, profiles, record, front door and services say the same,
// and what a small model of the rules says. A failing sequence is shrunk, and its seed is printed.
import { cpus } from 'node:os'
import fc from 'fast-check'
import t from 'tap'
import { makeLifeReceiver } from '../helpers/life/receiver.ts'
import { live, sequences, Wrong } from '../helpers/life/sequence.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const runs = Number(process.env.HOSTENV_LIFE_RUNS ?? 300)
const seed = Number(process.env.HOSTENV_LIFE_SEED ?? Date.now() % 2 ** 31)

t.test('the life of environments', { timeout: 900_000 }, async (t) => {
  t.comment(`HOSTENV_LIFE_SEED=${seed} HOSTENV_LIFE_RUNS=${runs}`)
  const receivers = Math.max(2, Math.min(4, cpus().length + 1))
  // Side by side, each with a state of its own: most of the time is spent waiting for git and Nix.
  const each = Array.from({ length: receivers }, async (_, index) => {
    const receiver = await makeLifeReceiver(tempDir(t, 'l'))
    t.teardown(() => receiver.close())
    const property = fc.asyncProperty(sequences, (steps) => live(receiver, steps))
    const numRuns = Math.ceil(runs / receivers)
    return await fc.check(property, { seed: seed + index, numRuns, endOnFailure: false, includeErrorInReport: true })
  })
  for (const [index, details] of (await Promise.all(each)).entries()) {
    const { failed, numShrinks, errorInstance, counterexamplePath } = details
    t.notOk(failed, `${details.numRuns} sequences from seed ${seed + index}`)
    if (!failed) continue
    const why = errorInstance instanceof Wrong ? errorInstance.message : fc.defaultReportMessage(details)
    t.fail(`seed ${seed + index}, path ${counterexamplePath}, shrunk ${numShrinks} times: ${why}`)
    if (!(errorInstance instanceof Wrong)) t.comment(errorInstance)
  }
})
