// A strict reader of Prometheus' text format 0.0.4: throws for whatever Prometheus would not take.

export interface Family {
  readonly type: string
  readonly samples: { readonly name: string; readonly labels: Record<string, string>; readonly value: number }[]
}

/** Families by name. Checks the order of lines, names, escapes, duplicates, and that histograms are cumulative. */
export function parseMetrics(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line must end with a line feed')
  const families = new Map<string, Family>()
  const seen = new Set<string>()
  let current = ''
  let helped = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-zA-Z_:][\w:]*) (?:[^\\]|\\[\\n])*$/.exec(line)
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line)
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
    if (help?.[1]) {
      if (families.has(help[1])) throw new Error(`${help[1]} twice`)
      helped = help[1]
    } else if (type?.[1] && type[2]) {
      if (type[1] !== helped) throw new Error(`TYPE of ${type[1]} without its HELP before`)
      current = type[1]
      families.set(current, { type: type[2], samples: [] })
    } else if (sample?.[1] && sample[3]) {
      const family = families.get(current)
      const suffix = sample[1].slice(current.length)
      const allowed = family?.type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
      if (!family || !sample[1].startsWith(current) || !allowed.includes(suffix)) throw new Error(`not here: ${line}`)
      if (family.type === 'counter' && !current.endsWith('_total')) throw new Error(`counter ${current} without _total`)
      const labels = parseLabels(sample[2] ?? '')
      const key = JSON.stringify([sample[1], labels])
      if (seen.has(key)) throw new Error(`twice: ${line}`)
      seen.add(key)
      family.samples.push({ name: sample[1], labels, value: parseNumber(sample[3]) })
    } else throw new Error(`not a line of the format: ${line}`)
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkHistogram(name, family)
  return families
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  let rest = text
  while (rest !== '') {
    const match = /^([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/.exec(rest)
    if (!match?.[1] || match[2] === undefined) throw new Error(`labels: ${text}`)
    labels[match[1]] = match[2].replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c))
    rest = rest.slice(match[0].length)
  }
  return labels
}

function parseNumber(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY
  if (text === '-Inf') return Number.NEGATIVE_INFINITY
  if (!/^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(text) && text !== 'NaN') throw new Error(`not a number: ${text}`)
  return Number(text)
}

function checkHistogram(name: string, { samples }: Family): void {
  const series = Map.groupBy(samples, ({ labels: { le: _, ...labels } }) => JSON.stringify(labels))
  for (const [labels, all] of series) {
    const buckets = all.filter((one) => one.name.endsWith('_bucket'))
    const count = all.find((one) => one.name.endsWith('_count'))?.value
    if (buckets.at(-1)?.labels.le !== '+Inf' || buckets.at(-1)?.value !== count)
      throw new Error(`${name}${labels}: +Inf`)
    if (buckets.some((one, i) => i > 0 && one.value < (buckets[i - 1]?.value ?? 0))) throw new Error(`${name}: order`)
  }
}
