// `npm run bench [-- --json FILE] [-- --markdown FILE] [-- --only WORD] [-- --rounds N]`: hostenv beside what people do by hand and what they could
// use instead, in one run, in turn. Prints medians and ratios; exit 1 when a figure misses what it has to reach.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cases } from './cases.ts'
import { benchEnding } from './ending.ts'
import { type Figure, lines, median, ratios, reached } from './figures.ts'
import { writeFigures } from './markdown.ts'
import { inPrivateMachine } from './private-machine.ts'
import { makeSetting } from './setting.ts'

const { values } = parseArgs({
  options: {
    ...{ json: { type: 'string' }, markdown: { type: 'string' }, only: { type: 'string' } },
    rounds: { type: 'string', default: '7' },
  },
})
const directory = process.env.HOSTENV_BENCH_DIRECTORY

if (directory === undefined) {
  if (process.getuid?.() !== 0)
    throw new Error('npm run bench needs root: its peers are set up as a person would, with sshd and /nix')
  const made = mkdtempSync(join(tmpdir(), 'hb-'))
  try {
    process.exitCode = await inPrivateMachine(made, [process.execPath, import.meta.filename, ...process.argv.slice(2)])
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
} else {
  await using ending = benchEnding()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, async () => {
      await ending[Symbol.asyncDispose]()
      process.exit(130)
    })
  const setting = await makeSetting(ending, directory, Number(values.rounds))
  const figures: Figure[] = []
  for (const [name, measure] of Object.entries(cases)) {
    if (values.only !== undefined && !name.includes(values.only)) continue
    const found = [await measure(setting)].flat()
    figures.push(...found)
    for (const line of found.flatMap(lines)) console.log(line)
  }
  const document = documentOf(figures)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(document, null, 2)}\n`)
  if (values.markdown !== undefined) writeFigures(values.markdown, document)
  process.exitCode = figures.every(reached) ? 0 : 1
}

function documentOf(figures: readonly Figure[]) {
  return {
    at: new Date().toISOString(),
    machine: {
      ...{ cores: cpus().length, model: cpus()[0]?.model ?? '?', memory: `${Math.round(totalmem() / 1024 ** 3)} GiB` },
      ...{ Linux: release(), node: process.version, load: loadavg()[0]?.toFixed(1) ?? '?' },
    },
    figures: figures.map((figure) => ({
      ...figure,
      medians: Object.fromEntries(Object.entries(figure.runs).map(([peer, values]) => [peer, median(values)])),
      ratios: ratios(figure),
      reached: reached(figure),
    })),
  }
}
