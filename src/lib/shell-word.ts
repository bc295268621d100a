// One word of a command line that a person copies into a shell.

/** Quotes a word where a POSIX shell would read it in another way (XCU 2.2.2). */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
