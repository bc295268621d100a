// What is wrong with a configuration, each with its place, in sentences for the person who wrote it.

/** A setting that cannot be used; the message is a whole sentence for the person who typed it. */
export class ConfigError extends Error {}

/** `line` and `column` count from 1; 0 where the problem has no place in the file. */
export interface Problem {
  readonly line: number
  readonly column: number
  readonly message: string
}

/** A message for a terminal: what a file repeats in it that a terminal would act upon stands there as `\u009b`. */
export function escaped(message: string): string {
  return message.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A configuration file that cannot be used, with all that is wrong with it; the message has a line for each. */
export class ConfigProblems extends ConfigError {
  readonly problems: readonly Problem[]
  /** Files that it names, as far as it was read: what is wrong may be wrong in one of them. */
  readonly files: readonly string[]

  constructor(file: string, problems: readonly Problem[], files: readonly string[] = []) {
    const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
    super(
      sorted
        .map(({ line, column, message }) => `${file}:${line === 0 ? '' : `${line}:${column}:`} ${message}`)
        .join('\n'),
    )
    this.problems = sorted
    this.files = files
  }
}
