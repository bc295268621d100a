// Figures of a benchmark: medians of interleaved runs, and how they are printed and kept.

export interface Figure {
  readonly case: string
  /** Milliseconds, or what `unit` says, of each run, by peer; the first peer is hostenv. */
  readonly runs: Readonly<Record<string, readonly number[]>>
  readonly unit: string
  /** What the ratio of hostenv to a peer has to be: `{ 'by hand': 0.4 }`. */
  readonly reach: Readonly<Record<string, number>>
  /** True where more is better (throughput): the ratio has to be at least that. */
  readonly more?: boolean
  readonly note?: string
}

/** Median of some numbers; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] as number)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

/** Ratios of hostenv's median to each peer's. */
export function ratios({ runs }: Figure): Record<string, number> {
  const [ours = [], ...others] = Object.values(runs)
  const names = Object.keys(runs).slice(1)
  return Object.fromEntries(others.map((values, i) => [names[i] as string, median(ours) / median(values)]))
}

/** Whether a figure reaches what it has to. */
export function reached(figure: Figure): boolean {
  const found = ratios(figure)
  return Object.entries(figure.reach).every(([peer, bound]) => {
    const ratio = peer in figure.runs ? (found[peer] ?? Number.NaN) : median(Object.values(figure.runs)[0] ?? [])
    return figure.more ? ratio >= bound : ratio <= bound
  })
}

/** One figure as lines of text. */
export function lines(figure: Figure): string[] {
  const found = ratios(figure)
  const digits = figure.unit === 'ms' ? 0 : 1
  const medians = Object.entries(figure.runs).map(([peer, values]) => {
    const ratio = found[peer] === undefined ? '' : ` (ratio ${found[peer].toFixed(2)}${bound(figure, peer)})`
    return `    ${peer}: ${median(values).toFixed(digits)} ${figure.unit}${ratio}`
  })
  const alone = Object.keys(figure.reach).filter((peer) => !(peer in figure.runs))
  const goals = alone.map(
    (what) => `    to reach: ${figure.more ? 'at least' : 'at most'} ${figure.reach[what]} ${what}`,
  )
  const note = figure.note === undefined ? [] : [`    ${figure.note}`]
  return [`${reached(figure) ? 'reached' : 'MISSED '} ${figure.case}`, ...medians, ...goals, ...note]
}

function bound(figure: Figure, peer: string): string {
  const reach = figure.reach[peer]
  return reach === undefined ? '' : `, to reach: ${figure.more ? '≥' : '≤'} ${reach}`
}

/** Runs each peer once per round, in turn, so that what the machine does meanwhile meets all alike. */
export async function interleaved(
  rounds: number,
  peers: Readonly<Record<string, (round: number) => Promise<number>>>,
): Promise<Record<string, number[]>> {
  const runs: Record<string, number[]> = Object.fromEntries(Object.keys(peers).map((peer) => [peer, []]))
  for (let round = 0; round < rounds; round++)
    for (const [peer, one] of Object.entries(peers)) runs[peer]?.push(await one(round))
  return runs
}
