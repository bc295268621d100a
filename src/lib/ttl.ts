// How long a preview lives, as people write it (`14d`) and as it is told to them (`14 days`).

const units = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
const names = [
  ['day', units.d],
  ['hour', units.h],
  ['minute', units.m],
] as const

/** Milliseconds of a time like `30m`, `12h`, `14d` or `2w`, as the manifest takes it; null when it is none. */
export function parseTtl(text: string): number | null {
  const match = /^([1-9][0-9]{0,3})([mhdw])$/.exec(text)
  return match === null ? null : Number(match[1]) * units[match[2] as keyof typeof units]
}

/** A time to come in the two units that matter: `14 days`, `1 day 3 hours`, `less than a minute`. Rounded down to minutes. */
export function timeToCome(milliseconds: number): string {
  // What is about to be told as 14 days was counted from a moment ago.
  let left = Math.max(0, Math.round(milliseconds / 1000) * 1000)
  const parts: string[] = []
  for (const [name, size] of names) {
    const n = Math.floor(left / size)
    if (n > 0) parts.push(`${n} ${name}${n === 1 ? '' : 's'}`)
    else if (parts.length > 0) break
    left -= n * size
    if (parts.length === 2 || (name === 'day' && n >= 3)) break
  }
  return parts.length === 0 ? 'less than a minute' : parts.join(' ')
}
