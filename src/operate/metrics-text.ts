// Prometheus' text format (exposition format 0.0.4), written by hand: names, escapes, and one block for each metric.

export type Labels = Readonly<Record<string, string>>

/** One sample; `suffix` is `_sum`, `_count` or `_bucket` of a histogram. */
export interface Sample {
  readonly labels?: Labels
  readonly value: number
  readonly suffix?: '_sum' | '_count' | '_bucket'
}

export interface Metric {
  /** `[a-zA-Z_:][a-zA-Z0-9_:]*`, with its unit; counters end in `_total`. */
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly samples: readonly Sample[]
}

export const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/** Metrics as text. Throws for a name or label that the format does not allow: those are ours, so it is a mistake in the code. */
export function metricsText(metrics: readonly Metric[]): string {
  return metrics.map(block).join('')
}

function block({ name, type, help, samples }: Metric): string {
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) throw new Error(`not a metric's name: ${name}`)
  const lines = samples.map(
    ({ suffix = '', labels = {}, value }) => `${name}${suffix}${braces(labels)} ${number(value)}`,
  )
  return [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n')
}

function braces(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || name.startsWith('__')) throw new Error(`not a label's name: ${name}`)
    return `${name}="${escaped(value).replaceAll('"', '\\"')}"`
  })
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function number(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  return String(value)
}

/** The samples of a histogram: cumulative buckets with `le`, then sum and count. */
export function histogram(h: Histogram, labels: Labels = {}): Sample[] {
  let below = 0
  const buckets = h.bounds.map((le, i): Sample => {
    below += h.counts[i] ?? 0
    return { suffix: '_bucket', labels: { ...labels, le: String(le) }, value: below }
  })
  return [
    ...buckets,
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: h.count },
    { suffix: '_sum', labels, value: h.sum },
    { suffix: '_count', labels, value: h.count },
  ]
}

/** Observations, sorted into buckets by their upper bounds. */
export class Histogram {
  readonly bounds: readonly number[]
  readonly counts: number[]
  sum = 0
  count = 0

  /** @param bounds ascending; what is above the last one counts only in the whole */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = bounds.map(() => 0)
  }

  observe(value: number): void {
    const bucket = this.bounds.findIndex((bound) => value <= bound)
    if (bucket !== -1) this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
    this.sum += value
    this.count++
  }

  clone(): Histogram {
    const copy = new Histogram(this.bounds)
    for (const [i, count] of this.counts.entries()) copy.counts[i] = count
    copy.sum = this.sum
    copy.count = this.count
    return copy
  }
}
