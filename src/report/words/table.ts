// Aligned columns for people: no colour, no trailing spaces, every cell safe for a terminal.
import { printable } from '../../lib/printable.ts'

/** Lines of columns separated by two spaces, indented by `indent`. */
export function table(rows: readonly (readonly string[])[], indent = ''): string[] {
  const safe = rows.map((row) => row.map(printable))
  const widths: number[] = []
  for (const row of safe) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, width(cell))
  return safe.map((row) => {
    const cells = row.map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - width(cell)))
    return (indent + cells.join('  ')).trimEnd()
  })
}

/** `2026-01-31T12:00:00.000Z` as `2026-01-31 12:00Z`. */
export function shortTime(time: string): string {
  return time.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*Z$/, '$1 $2Z')
}

function width(text: string): number {
  return [...text].length
}
