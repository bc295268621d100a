// The table of docs/benchmarks.md, written from the figures of a run between two marks of that page.
import { readFileSync, writeFileSync } from 'node:fs'
import { type Figure, median, ratios, reached } from './figures.ts'

export interface Run {
  readonly at: string
  readonly machine: Readonly<Record<string, string | number>>
  readonly figures: readonly Figure[]
}

const begin = '<!-- figures: begin -->'
const end = '<!-- figures: end -->'

/** Puts a run in the place of the last one. Figures of cases that did not run this time go. Throws for a page without the marks. */
export function writeFigures(file: string, run: Run): void {
  const text = readFileSync(file, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`${file} has no ${begin} … ${end}`)
  writeFileSync(file, `${text.slice(0, from)}${begin}\n\n${table(run)}\n\n${text.slice(to)}`)
}

function table({ at, machine, figures }: Run): string {
  const on = Object.entries(machine).map(([name, value]) => `${name} ${value}`)
  return [
    `Measured ${at.slice(0, 10)} (${on.join(', ')}).`,
    '',
    '| case | hostenv | beside | ratio | to reach | reached |',
    '| --- | --- | --- | --- | --- | --- |',
    ...figures.flatMap(rows),
  ].join('\n')
}

function rows(figure: Figure): string[] {
  const [[, ours], ...others] = Object.entries(figure.runs) as [[string, number[]], ...[string, number[]][]]
  const found = ratios(figure)
  const sign = figure.more ? '≥' : '≤'
  const alone = Object.entries(figure.reach).filter(([name]) => !(name in figure.runs))
  const goal = (peer: string) =>
    figure.reach[peer] === undefined ? 'reported' : `${sign} ${figure.reach[peer]} × ${peer}`
  const lines = [
    ...others.map(([peer, values]) => [`${peer}: ${text(values, figure)}`, (found[peer] ?? 0).toFixed(2), goal(peer)]),
    ...alone.map(([unit, bound]) => ['', '', `${sign} ${bound} ${unit}`]),
  ]
  return (lines.length === 0 ? [['', '', 'reported']] : lines).map(([beside, ratio, reach], n) => {
    const first = n === 0 ? [figure.case, text(ours, figure)] : ['', '']
    const done = Object.keys(figure.reach).length === 0 ? '' : reached(figure) ? 'yes' : '**no**'
    return `| ${[...first, beside, ratio, reach, n === 0 ? done : ''].join(' | ')} |`
  })
}

function text(values: readonly number[], { unit }: Figure): string {
  return `${median(values).toFixed(unit === 'ms' ? 0 : 1)} ${unit}`
}
