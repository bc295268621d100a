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

function width(text: string): number {
  return [...text].length
}
