// What is wrong with a configuration, each with its place, in sentences for the person who wrote it.

/** A setting that cannot be used; the message is a whole sentence for the person who typed it. */
export class ConfigError extends Error {}

/** `line` and `column` count from 1; 0 where the problem has no place in the file. */
export interface Problem {
  readonly line: number
  readonly column: number
  readonly message: string
}

/** A configuration file that cannot be used, with all that is wrong with it; the message has a line for each. */
export class ConfigProblems extends ConfigError {
  readonly problems: readonly Problem[]

  constructor(file: string, problems: readonly Problem[]) {
    const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
    super(
      sorted
        .map(({ line, column, message }) => `${file}:${line === 0 ? '' : `${line}:${column}:`} ${message}`)
        .join('\n'),
    )
    this.problems = sorted
  }
}
