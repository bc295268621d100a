// Configuration files. Right is: settings that were written as they should be come out as they were meant, also after they are written
// once more; a limit beyond its bounds is refused on its line; and whatever is wrong is told with a place that the file has.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { parse, stringify } from 'yaml'
import { isLimit, type Limit, limitTable } from '../../../src/config/limits.ts'
import { parseFile } from '../../../src/config/parse-file.ts'
import { checkRules } from '../../../src/config/rules.ts'
import { corpus, must, mustEqual, mutated, oddText, type Target } from '../target.ts'

interface Written {
  readonly path: readonly string[]
  readonly text: string | number
  /** In milliseconds or bytes; null: it is beyond the bounds. */
  readonly value: number | null
}

interface Input {
  readonly text: string
  /** The limits that stand in it, where nothing else is wrong with it. */
  readonly limits: readonly Written[] | null
}

const example = readFileSync(join(import.meta.dirname, '../../../docs/reference/hostenv.example.yaml'), 'utf8')
const kept = [example, ...corpus<string>('configuration')]

const entries = Object.entries(limitTable).flatMap(([name, entry]: [string, object]) =>
  isLimit(entry)
    ? [{ path: [name], limit: entry as Limit }]
    : Object.entries(entry).map(([inner, limit]) => ({ path: [name, inner], limit: limit as Limit })),
)
// Each is so many of the smallest unit.
const units = {
  time: { ms: 1, s: 1000, m: 60 * 1000, h: 60 * 60 * 1000, d: 24 * 60 * 60 * 1000 },
  size: { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 },
}
const written: fc.Arbitrary<Written> = fc
  .tuple(
    fc.constantFrom(...entries),
    fc.nat({ max: 1_000_000 }),
    fc.constantFrom('in', 'in', 'in', 'at', 'out'),
    fc.nat(),
  )
  .map(([{ path, limit }, share, where, pick]) => {
    const { unit, least, most } = limit
    const inside = least + Math.floor((share / 1_000_000) * (most - least))
    const bounds = where === 'out' ? [most + 1, least - 1] : [least, most]
    const value = where === 'in' ? inside : (bounds[pick % 2] as number)
    const allowed = value >= least && value <= most ? value : null
    if (unit === 'count') return { path, text: value, value: allowed }
    const fitting = Object.entries(units[unit]).filter(([, size]) => value % size === 0)
    const [name, size] = fitting[pick % fitting.length] ?? ['ms', 1]
    return { path, text: `${value / size}${pick % 3 === 0 ? ' ' : ''}${name}`, value: allowed }
  })

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/)
const settings = fc.record(
  {
    domain: fc.tuple(name, name).map((labels) => labels.join('.')),
    listen: fc.record({ ssh: fc.nat({ max: 65_535 }).map((port) => `127.0.0.1:${port}`) }),
    log: fc.constantFrom('file', 'stderr', 'journald'),
    state: fc.constantFrom('/var/lib/hostenv', "it's/a #path: x", '~'),
    users: fc.dictionary(name, fc.record({ role: fc.constantFrom('administrator', 'member') }), { maxKeys: 3 }),
    projects: fc.dictionary(
      fc.tuple(name, name).map((words) => words.join('/')),
      fc.record({ deploys: fc.boolean(), canonicalBranch: fc.constantFrom('main', 'release/1.0', 'trunk') }),
      { maxKeys: 3 },
    ),
  },
  { requiredKeys: [] },
)
const limits = fc.uniqueArray(written, { maxLength: 4, selector: ({ path }) => path.join('.') })

export const configuration: Target<Input> = {
  inputs: fc.oneof(
    fc.tuple(settings, limits, fc.constantFrom(0, 20, 80)).map(([all, limits, lineWidth]) => ({
      text: stringify({ ...all, ...(limits.length === 0 ? {} : { limits: nested(limits) }) }, { lineWidth }),
      limits,
    })),
    mutated(kept).map((text) => ({ text, limits: null })),
    oddText.map((text) => ({ text, limits: null })),
    fc.jsonValue({ maxDepth: 3 }).map((value) => ({ text: stringify({ users: value }), limits: null })),
  ),
  corpus: kept.map((text) => ({ text, limits: null })),
  check({ text, limits }) {
    const { settings, place, problems } = parseFile(text)
    const all = problems.length > 0 ? problems : checkRules(settings, place)
    const lines = text.split('\n')
    for (const { line, column, message } of all) {
      must(line >= 1 && line <= lines.length, `line ${line} of ${lines.length}: ${message}`)
      must(column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1, `column ${column} of line ${line}: ${message}`)
      must(/^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]{10,}[.?-]$/.test(message), `no sentence: ${message}`)
    }
    if (limits !== null) {
      const beyond = limits.filter(({ value }) => value === null)
      mustEqual(problems.length, beyond.length, `problems (${problems.map(({ message }) => message)})`)
      for (const { path } of beyond) {
        const found = problems.find(({ message }) => message.startsWith(`limits.${path.join('.')} takes `))
        must(found !== undefined, `limits.${path.join('.')} is beyond its bounds and not named`)
        must(lines[found.line - 1]?.includes(`${path.at(-1)}:`), `it is named on line ${found.line}`)
      }
      const read = limits.filter(({ value }) => value !== null && beyond.length === 0)
      for (const { path, value } of read)
        mustEqual(
          path.reduce<unknown>((at, name) => (at as never)?.[name], settings.limits),
          value,
          path.join('.'),
        )
    }
    if (problems.length > 0) return mustEqual(settings, {}, 'settings of a file that is wrong')
    const again = parseFile(stringify(parse(text, { version: '1.2' })))
    mustEqual(again.problems, [], 'written once more, it is wrong')
    mustEqual(again.settings, settings, 'written once more')
  },
}

function nested(limits: readonly Written[]): object {
  const all: Record<string, unknown> = {}
  for (const { path, text } of limits) {
    const [first = '', second] = path
    if (second === undefined) all[first] = text
    else all[first] = { ...(all[first] as object | undefined), [second]: text }
  }
  return all
}
