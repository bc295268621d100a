// `npm run chaos [-- --minutes N] [-- --seed S] [-- --only PART] [-- --kills N]`: whatever fails, nothing is lost, and nobody is told what is not
// so. Prints the seed that repeats the run; exit 1 when something was not as it has to be.
import { parseArgs } from 'node:util'
import { clients } from './chaos/clients.ts'
import { fullDisk } from './chaos/full-disk.ts'
import { fuzzing } from './chaos/fuzz.ts'
import { kills } from './chaos/kills.ts'
import { leaks } from './chaos/leaks.ts'
import { type Random, random } from './chaos/random.ts'
import type { Found } from './chaos/report.ts'
import { benchEnding } from './ending.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '0' },
    seed: { type: 'string', default: `${Date.now() % 2 ** 31}` },
    only: { type: 'string' },
    kills: { type: 'string', default: '300' },
    victim: { type: 'string' },
  },
})
const soak = Number(values.minutes) * 60_000
const begun = performance.now()
const deadline = begun + soak
const parts: Readonly<Record<string, (chance: Random) => Promise<Found[]>>> = {
  // A fifth of a long run; kills take the rest.
  fuzz: (chance) => fuzzing(chance, begun + soak / 5),
  clients: (chance) => clients(ending, chance),
  disk: (chance) => fullDisk(chance.seed),
  leaks: (chance) => leaks(ending, chance),
  kills: async (chance) => [
    await kills(ending, { seed: chance.seed, least: Number(values.kills), deadline, only: values.victim }),
  ],
}

await using ending = benchEnding()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, async () => {
    await ending[Symbol.asyncDispose]()
    process.exit(130)
  })
console.log(`seed ${values.seed}`)
for (const [name, part] of Object.entries(parts)) {
  if (values.only !== undefined && values.only !== name) continue
  for (const { what, wrong } of await part(random(Number(values.seed)))) {
    console.log(`${wrong.length === 0 ? 'held ' : 'BROKE'} ${what}`)
    for (const sentence of wrong) console.log(`      ${sentence}`)
    if (wrong.length > 0) process.exitCode = 1
  }
}
