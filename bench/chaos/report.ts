// What a part of the chaos harness found.

export interface Found {
  /** What was done, with its numbers. */
  readonly what: string
  /** A sentence for each thing that was not as it has to be. */
  readonly wrong: readonly string[]
}
