// Turns tap's TAP stream into what a person reads: a line per file, failures in full, and the counts.
import { inspect } from 'node:util'
import { Parser, type Result } from 'tap-parser'

export interface Counts {
  passed: number
  failed: number
  skipped: number
  /** Why something was skipped, and how often. */
  reasons: Map<string, number>
  /** Full names of the failures, in order. */
  failures: string[]
}

/** A parser to pipe TAP 14 into; `print` gets finished lines, the counts are of leaves (assertions, not the tests around them). */
export function tapReport(print: (text: string) => void): { parser: Parser; counts: Counts } {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0, reasons: new Map(), failures: [] }
  const parser = new Parser()
  let inFile = 0
  const count = (what: 'passed' | 'failed' | 'skipped') => () => {
    counts[what]++
    inFile++
  }
  parser.on('pass', count('passed'))
  for (const kind of ['skip', 'todo'] as const) {
    parser.on(kind, count('skipped'))
    parser.on(kind, (result: Result) => {
      const why = String(result[kind] === true ? `${result.fullname || result.name}: no reason given` : result[kind])
      counts.reasons.set(why, (counts.reasons.get(why) ?? 0) + 1)
    })
  }
  parser.on('fail', count('failed'))
  parser.on('fail', (result: Result) => {
    counts.failures.push(result.fullname || result.name)
    print(failure(result))
  })
  // Top-level points are the test files.
  parser.on('assert', (file: Result) => {
    const took = file.time === null ? '' : ` in ${(file.time / 1000).toFixed(1)} s`
    print(`${file.ok ? 'ok  ' : 'FAIL'}  ${file.name}  (${inFile}${took})`)
    inFile = 0
  })
  parser.on('bailout', (reason: string) => {
    counts.failed++
    counts.failures.push(`bailed out: ${reason}`)
  })
  return { parser, counts }
}

/** The plain closing line: `3 passed, 0 failed`, with `, 1 skipped` when so; before it why, a line for each reason. */
export function closingLine({ passed, failed, skipped, reasons }: Omit<Counts, 'failures'>): string {
  const why = [...reasons].map(([reason, times]) => `skipped ${times}: ${reason}\n`)
  return `${why.join('')}${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

function failure(result: Result): string {
  const { diff, source, stack, at, ...rest } = (result.diag ?? {}) as Record<string, unknown>
  const where = at as { fileName?: string; lineNumber?: number } | undefined
  const parts = [
    `not ok: ${result.fullname || result.name}`,
    where?.fileName ? `at ${where.fileName}:${where.lineNumber}` : '',
    text(source),
    text(diff),
    text(stack),
    Object.keys(rest).length > 0 ? inspect(rest, { depth: 6, breakLength: 110 }) : '',
    result.tapError ?? '',
  ]
  const [head, ...body] = parts.filter(Boolean)
  return [head, ...body.map((part) => part.trimEnd().replace(/^/gm, '    '))].join('\n')
}

const text = (value: unknown) => (typeof value === 'string' ? value : '')
