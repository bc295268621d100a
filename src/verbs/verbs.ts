// What the words do that act: one file for each verb in this folder, joined here. Like the pipeline, it may use every stage.
import type { Context } from '../context.ts'
import type { Verbs } from '../report/words/verbs.ts'

/** Makes the verbs of a running receiver. */
export function makeVerbs(_ctx: Context): Verbs {
  return {}
}
