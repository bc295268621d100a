// Times and sizes as people write them: `60s`, `2GiB`. A number without its unit is refused, never guessed.

const times = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const sizes = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const

/** Milliseconds of a time (`500ms`, `60s`, `5m`, `1.5h`, `2d`), or null when it is none. */
export function parseTime(text: string): number | null {
  return parse(text, times)
}

/** Bytes of a size (`512B`, `64MiB`, `2GiB`; powers of 1024), or null when it is none. */
export function parseSize(text: string): number | null {
  return parse(text, sizes)
}

/** The shortest exact form: 90000 is `90s`, 3600000 is `1h`. */
export function timeText(milliseconds: number): string {
  return format(milliseconds, times)
}

/** The shortest exact form: 2147483648 is `2GiB`. */
export function sizeText(bytes: number): string {
  return format(bytes, sizes)
}

function parse(text: string, units: Readonly<Record<string, number>>): number | null {
  const match = /^(\d{1,16}(?:\.\d{1,6})?) ?([A-Za-z]+)$/.exec(text)
  const unit = match?.[2] !== undefined && Object.hasOwn(units, match[2]) ? units[match[2]] : undefined
  if (!match || unit === undefined) return null
  const value = Math.round(Number(match[1]) * unit)
  return Number.isSafeInteger(value) ? value : null
}

function format(value: number, units: Readonly<Record<string, number>>): string {
  const [name, factor] = Object.entries(units).findLast(([, unit]) => value >= unit && value % unit === 0) ?? ['', 1]
  return `${value / factor}${name || Object.keys(units)[0]}`
}
