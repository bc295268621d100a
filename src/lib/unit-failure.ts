// Whose failure it was, where several deploys become live together.
import type { Deploy } from '../context.ts'

/** A failure of one deploy among several that become live together. */
export class UnitFailure extends Error {
  readonly deploy: Deploy
  /** Whether the pusher was told already (before an undo, which takes its time). */
  readonly told: boolean
  constructor(deploy: Deploy, cause: unknown, told = false) {
    super('one of the refs failed', { cause })
    this.deploy = deploy
    this.told = told
  }
}
