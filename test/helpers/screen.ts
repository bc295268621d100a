// What git makes of a hook's words, and what a terminal of 80 columns makes of that.
import { columns as columnsOf } from '../../src/report/width.ts'

/** The bytes that git writes to stderr for what came over the sideband (sideband.c): a prefix after each \r and \n, a clearing before. */
export function asGitWrites(words: string, terminal: 'ansi' | 'dumb' = 'ansi'): string {
  const clear = terminal === 'ansi' ? '\u001b[K' : ' '.repeat(8)
  // What does not end in \r or \n yet is kept back.
  return words.replace(/([^\r\n]*)([\r\n])|[^\r\n]+$/g, (_, text?: string, end?: string) => {
    if (end === undefined) return ''
    return `remote: ${text}${text === '' ? '' : clear}${end}`
  })
}

/** The lines on a terminal after `bytes`, as `tmux capture-pane -p` shows them. Knows \r, \n, erasing (which, as on xterm, takes the character in the last column even right after it was written) to the end of the line, colour, and wrapping. */
export function screen(bytes: string, columns = 80): string[] {
  const rows: string[][] = [[]]
  let x = 0
  let row = rows[0]!
  const down = () => {
    row = []
    rows.push(row)
    x = 0
  }
  for (const [token] of bytes.matchAll(/\u001b\[[\d;]*[A-Za-z]|./gsu)) {
    if (token === '\r') x = 0
    else if (token === '\n') down()
    else if (token === '\u001b[K') row.length = Math.min(row.length, x, columns - 1)
    else if (/^\u001b\[[\d;]*m$/.test(token)) continue
    else if (token < ' ') throw new Error(`a control character: ${JSON.stringify(token)}`)
    else {
      // A wide character takes two cells, of which the second shows nothing.
      const width = columnsOf(token)
      if (x + width > columns) down()
      while (row.length < x) row.push(' ')
      row[x] = token
      if (width === 2) row[x + 1] = ''
      x += width
    }
  }
  return rows.map((cells) => cells.join('').trimEnd())
}
