// What the words do that act: one file for each verb in this folder, joined here. Like the pipeline, it may use every stage.
import type { Context } from '../context.ts'
import type { Verbs } from '../report/words/verbs.ts'
import { change } from './change.ts'

/** Makes the verbs of a running receiver. */
export function makeVerbs(ctx: Context): Verbs {
  return {
    rollback: (asked, to) => change(ctx, asked, { kind: 'rollback', to }),
    redeploy: (asked) => change(ctx, asked, { kind: 'redeploy' }),
  }
}
