// Fits text into the width that git's `remote: ` leaves of a terminal. URLs and commands stay whole, so that they can be copied.
import { columns, cutColumns } from './width.ts'

/**
 * 80 columns less `remote: ` and one: git clears behind each line, and on a terminal whose last column is taken (xterm) that takes
 * the character there away.
 */
export const WIDTH = 71

export interface WrapOptions {
  /** What the first line starts with; the others start with as many spaces, or with `hanging`. */
  readonly first: string
  readonly hanging?: string
  /** Lines at most; what is cut off is shown as `…`. */
  readonly maxLines?: number
}

// At the start or after a colon: what a person copies into a shell.
const COMMAND = /(^|: )((?:ssh|git|nix|hostenv|npm|curl) .*)$/
const URL = /^\S*[a-z]+:\/\/\S+$/
const LONGEST_WHOLE = 400

/** Characters; what a line has beyond that is never shown (breaking it takes time and memory by the square of its length). */
const LONGEST_LINE = 8192

/** Wraps one printable line. */
export function wrap(whole: string, { first, hanging, maxLines }: WrapOptions): readonly string[] {
  const text = whole.length > LONGEST_LINE ? `${whole.slice(0, LONGEST_LINE)}…` : whole
  // Inner spaces matter where Nix shows code with a mark under it; they are lost only where a line has to be broken.
  if (columns(first) + columns(text) <= WIDTH) return [(first + text).trimEnd()]
  const rest = hanging ?? ' '.repeat(columns(first))
  const lines: string[] = []
  let line = first
  let empty = true
  const next = (): void => {
    lines.push(line.trimEnd())
    line = rest
    empty = true
  }
  for (const token of tokens(text)) {
    const space = empty ? '' : ' '
    if (columns(line) + space.length + columns(token) <= WIDTH) line += space + token
    else {
      if (!empty) next()
      let left = token
      while (!isWhole(token) && columns(line) + columns(left) > WIDTH) {
        const [head, tail] = cutColumns(left, Math.max(2, WIDTH - columns(line)))
        if (tail === '') break
        line += head
        left = tail
        next()
      }
      line += left
    }
    empty = false
  }
  lines.push(line.trimEnd())
  if (maxLines === undefined || lines.length <= maxLines) return lines
  const last = cutColumns(lines[maxLines - 1] ?? '', WIDTH - 2)[0]
  return [...lines.slice(0, maxLines - 1), `${last} …`]
}

/** Joins parts by ` · `, breaking between parts where that is enough, and inside of them where it is not. */
export function wrapParts(parts: readonly string[], first: string): readonly string[] {
  const lines: string[] = []
  let held: string | null = null
  const indent = ' '.repeat(columns(first))
  const flush = (): void => {
    if (held !== null) lines.push(...wrap(held, { first: lines.length === 0 ? first : indent }))
  }
  for (const part of parts) {
    const joined: string = held === null ? part : `${held} · ${part}`
    if (held !== null && columns(indent) + columns(joined) > WIDTH) {
      flush()
      held = part
    } else held = joined
  }
  flush()
  return lines
}

function isWhole(token: string): boolean {
  return token.length <= LONGEST_WHOLE && (URL.test(token) || COMMAND.test(token))
}

// Words, keeping the spaces at the start of a line; a command is one token with its spaces.
function tokens(text: string): string[] {
  const trimmed = text.trimStart()
  const lead = text.slice(0, Math.min(text.length - trimmed.length, 20))
  const command = COMMAND.exec(trimmed)
  const [prose, whole] =
    command?.[2] !== undefined && command[2].length <= LONGEST_WHOLE
      ? [trimmed.slice(0, trimmed.length - command[2].length), [command[2]]]
      : [trimmed, []]
  const words = [...prose.split(/ +/).filter((word) => word !== ''), ...whole]
  const [head, ...others] = words
  return head === undefined ? [] : [lead + head, ...others]
}
