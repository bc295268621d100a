// How many columns of a terminal a text takes.

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const NARROW = /^[\x20-\x7e]*$/
const ZERO = /^[\p{Mark}\p{Format}\u200b-\u200d\u2060]+$/u
// Unicode Standard Annex 11: what East Asian text and emoji take two columns for.
const WIDE =
  /[\p{Emoji_Presentation}\u{1100}-\u{115f}\u{2e80}-\u{303e}\u{3041}-\u{a4cf}\u{a960}-\u{a97f}\u{ac00}-\u{d7a3}\u{f900}-\u{faff}\u{fe30}-\u{fe6f}\u{ff01}-\u{ff60}\u{ffe0}-\u{ffe6}\u{20000}-\u{3fffd}]|\p{Emoji}\u{fe0f}/u

/** Columns of one line of printable text. */
export function columns(text: string): number {
  if (NARROW.test(text)) return text.length
  let sum = 0
  for (const { segment } of graphemes.segment(text)) sum += graphemeColumns(segment)
  return sum
}

/** Cuts after at most `max` columns, between characters as people see them; the first piece is never empty. */
export function cutColumns(text: string, max: number): readonly [string, string] {
  let sum = 0
  for (const { segment, index } of graphemes.segment(text)) {
    sum += graphemeColumns(segment)
    if (sum > max && index > 0) return [text.slice(0, index), text.slice(index)]
  }
  return [text, '']
}

function graphemeColumns(grapheme: string): number {
  if (ZERO.test(grapheme)) return 0
  return WIDE.test(grapheme) ? 2 : 1
}
