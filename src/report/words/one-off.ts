// What words do in an environment that runs: commands in it, its processes, their logs. Each throws Refused.
import type { Asked } from './verbs.ts'
import type { WordClient } from './views.ts'

/** One process of a release, as s6 knows it. */
export interface ProcessView {
  readonly name: string
  /** `finished`: it ended well and need not run on. */
  readonly state: 'up' | 'down' | 'finished'
  /** How long it has been so. */
  readonly seconds: number | null
  /** How it ended last time, such as `exit 1`; null when it never did. */
  readonly lastEnd: string | null
}

export interface ProcessLog {
  readonly process: string
  /** The newest ones. */
  readonly lines: number
  readonly follow: boolean
}

export interface OneOffVerbs {
  /** Runs a command in the live environment until it ends or its client goes away; answers its exit code. */
  run(asked: Asked, argv: readonly string[], client: WordClient): Promise<number>
  processes(asked: Asked): Promise<readonly ProcessView[]>
  /** Restarts one process, or (null) all; answers which. */
  restart(asked: Asked, process: string | null): Promise<readonly string[]>
  /** What a process wrote, in pieces of any size. */
  processLog(asked: Asked, log: ProcessLog): AsyncIterable<string>
  /** Cancels a deploy that has not switched yet. */
  cancel(asked: Omit<Asked, 'key'>, deploy: number): Promise<void>
}
