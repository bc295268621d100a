// Nix's internal-json logs. Right is: of builds that run beside one another each start, line and end is told and logged under its own
// name, in order, whatever stands between them and however the bytes are cut; and a line that is no entry harms nothing.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { parseNixLine } from '../../../src/build/nix-log.ts'
import { Progress } from '../../../src/build/progress.ts'
import { splitLines } from '../../../src/build/split-lines.ts'
import type { DeployEvent } from '../../../src/records.ts'
import { corpus, must, mustEqual, mutated, oddText, type Target } from '../target.ts'

type Step =
  | { readonly does: 'start'; readonly build: number }
  | { readonly does: 'stop'; readonly build: number }
  | { readonly does: 'line'; readonly build: number; readonly text: string }
  | { readonly does: 'junk'; readonly text: string }
  | { readonly does: 'message'; readonly text: string }

interface Input {
  /** What happens, or null where only `text` is looked at. */
  readonly steps: readonly Step[] | null
  readonly text: string
  readonly cuts: readonly number[]
}

const logs = join(import.meta.dirname, '../../unit/build/logs')
const kept = [
  ...['success', 'failure', 'dependency', 'timed-out', 'hash-mismatch', 'fetch'].map((name) =>
    readFileSync(join(logs, `${name}.log`), 'utf8'),
  ),
  ...corpus<string>('nix-logs'),
]
const build = fc.nat({ max: 5 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('start' as const), build }) },
  { weight: 6, arbitrary: fc.record({ does: fc.constant('line' as const), build, text: oddText }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('stop' as const), build }) },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.record({ does: fc.constant('junk' as const), text: oddText }),
      fc.record({ does: fc.constant('message' as const), text: oddText }),
    ),
  },
)
const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 4 })

export const nixLogs: Target<Input> = {
  inputs: fc.oneof(
    fc.record({ steps: fc.array(step, { maxLength: 25 }), cuts }).map(({ steps, cuts }) => {
      const told = steps.map(decent)
      return { steps: told, text: told.map((one) => `${lineOf(one)}\n`).join(''), cuts }
    }),
    fc.record({ steps: fc.constant(null), text: mutated(kept), cuts }),
    fc.record({ steps: fc.constant(null), text: fc.json().map((json) => `@nix ${json}`), cuts }),
    fc.record({ steps: fc.constant(null), text: oddText.map((text) => `@nix ${text}`), cuts }),
  ),
  corpus: kept.map((text) => ({ steps: null, text, cuts: [7] })),
  check({ steps, text, cuts }) {
    const events: DeployEvent[] = []
    const log: string[] = []
    const progress = new Progress({ emit: (event) => events.push(event), log: (line) => log.push(line), total: 0 })
    const lines: string[] = []
    const splitter = splitLines(2 ** 20, (line) => {
      lines.push(line)
      progress.handle(parseNixLine(line))
    })
    const bytes = Buffer.from(text)
    for (let at = 0, n = 0; at < bytes.length; n++) {
      const next = at + (cuts[n % cuts.length] as number)
      splitter.push(bytes.subarray(at, next))
      at = next
    }
    splitter.end()
    const failure = progress.finish(steps !== null)
    const whole = bytes.toString('utf8').replace(/\n$/, '')
    mustEqual(lines, text === '' ? [] : whole.split('\n').map((line) => line.replace(/\r$/, '')), 'the lines')
    for (const line of lines) {
      const { kind } = parseNixLine(line)
      must((kind === 'text') === !line.startsWith('@nix '), `an entry is taken for text, or text for an entry: ${kind}`)
      if (kind !== 'text' && kind !== 'other')
        must(['start', 'stop', 'result', 'msg'].includes(JSON.parse(line.slice(5)).action), `no entry, but ${kind}`)
    }
    if (failure !== null) must(failure.name !== '' && failure.how !== '' && failure.tail.length <= 25, 'the failure')
    if (steps === null) return
    const should = expected(steps)
    mustEqual(events.map(brief), should.events, 'what is told')
    mustEqual(
      log.map((line) => line.replace(/ended after [\d.]+ s$/, 'ended')),
      should.log,
      'the log',
    )
    must(failure === null, 'nothing has failed')
  },
}

const drv = (build: number) => `/nix/store/${String(build).repeat(32)}-build-${build}.drv`

// What can stand in a line of Nix's log: JSON keeps everything, other text has an end at a line feed.
function decent(step: Step): Step {
  if (!('text' in step)) return step
  const text = step.text.toWellFormed()
  if (step.does !== 'junk') return { ...step, text }
  return {
    ...step,
    text: text
      .replace(/\n/g, ' ')
      .replace(/^@nix /, '')
      .replace(/\r+$/, ''),
  }
}

function lineOf(step: Step): string {
  const entry = (fields: object) => `@nix ${JSON.stringify(fields)}`
  if (step.does === 'start')
    return entry({
      action: 'start',
      id: step.build,
      type: 105,
      level: 3,
      text: '',
      fields: [drv(step.build), '', 1, 1],
    })
  if (step.does === 'message') return entry({ action: 'msg', level: 3, msg: step.text })
  if (step.does === 'line') return entry({ action: 'result', id: step.build, type: 101, fields: [step.text] })
  if (step.does === 'stop') return entry({ action: 'stop', id: step.build })
  return step.text
}

function expected(steps: readonly Step[]) {
  const events: string[] = []
  const log: string[] = []
  const running = new Map<number, number>()
  let started = 0
  for (const step of steps) {
    if (!('build' in step)) {
      log.push(step.text)
      continue
    }
    const n = running.get(step.build)
    const name = `build-${step.build}`
    if (step.does === 'start') {
      running.set(step.build, ++started)
      events.push(`build-started ${name} ${started}`)
      log.push(`building ${drv(step.build)}`)
    } else if (step.does === 'line') {
      log.push(n === undefined ? step.text : `${name}> ${step.text}`)
      if (n !== undefined) events.push(`build-line ${name} ${n} ${step.text}`)
    } else if (n !== undefined) {
      running.delete(step.build)
      events.push(`build-finished ${name} ${n}`)
      log.push(`${name}: ended`)
    }
  }
  return { events, log }
}

function brief(event: DeployEvent): string {
  const { type, name, n, line } = event as { type: string; name: string; n: number; line?: string }
  return `${type} ${name} ${n}${line === undefined ? '' : ` ${line}`}`
}
