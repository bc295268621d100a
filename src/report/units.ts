// Numbers as people read them.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** Bytes: `512 B`, `1.2 MiB`, `182 MiB`. */
export function byteSize(bytes: number): string {
  let value = Math.abs(bytes)
  let unit = 0
  // 1023.6 KiB would be shown as 1024 KiB.
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, '')
  return `${bytes < 0 ? '-' : ''}${digits} ${UNITS[unit]}`
}

/** A change in bytes with its sign: `+1.2 MiB`, `-512 B`. */
export function byteDelta(bytes: number): string {
  return bytes > 0 ? `+${byteSize(bytes)}` : byteSize(bytes)
}

/** Milliseconds: `34 ms`, `6.2 s`, `42 s`, `2 min 5 s`. */
export function durationText(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return inTwo(seconds, [60, 'min'], [1, 's'])
  if (seconds < 86_400) return inTwo(seconds, [3600, 'h'], [60, 'min'])
  return inTwo(seconds, [86_400, 'd'], [3600, 'h'])
}

function inTwo(seconds: number, [large, name]: [number, string], [small, rest]: [number, string]): string {
  const left = Math.floor((seconds % large) / small)
  return `${Math.floor(seconds / large)} ${name}${left === 0 ? '' : ` ${left} ${rest}`}`
}

/** `1 derivation`, `3 derivations`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

/** `2026-01-31T12:00:00.000Z` as `2026-01-31 12:00Z`. */
export function shortTime(time: string): string {
  return time.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*Z$/, '$1 $2Z')
}
