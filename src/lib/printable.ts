// Makes text that others wrote safe for a terminal.

// ECMA-48: OSC, DCS, SOS, PM and APC strings up to their terminator (or the end), CSI sequences, other escapes; in their
// 7-bit and their 8-bit forms.
const STRING = '(?:\\x1b[\\]PX^_]|[\\x9d\\x90\\x98\\x9e\\x9f])[^\\x07\\x1b\\x9c\\n]*(?:\\x07|\\x1b\\\\|\\x9c)?'
const CSI = '(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*[@-~]?'
const ESCAPE = '\\x1b[ -/]*[0-~]?'
const SEQUENCES = new RegExp(`${STRING}|${CSI}|${ESCAPE}`, 'g')
// C0, DEL, C1; and what reorders or hides text: bidirectional controls, line and paragraph separators, BOM.
// Most text is this, and a build may print a million lines of it.
const PLAIN = /^[ -~]*$/
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** One line of text without escape sequences and control characters; a tab becomes a space, a line feed too. */
export function printable(text: string): string {
  if (PLAIN.test(text)) return text
  return text
    .replace(SEQUENCES, '')
    .replace(/[\t\n]/g, ' ')
    .replace(CONTROLS, '')
}

/** Like `printable`, but line feeds stay; `\r\n` becomes `\n`. What a lone carriage return would overwrite is kept. */
export function printableLines(text: string): string {
  return text.split(/\r?\n/).map(printable).join('\n')
}
