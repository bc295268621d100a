// What the words do that act: one file for each verb in this folder, joined here. Like the pipeline, it may use every stage.
import type { Context } from '../context.ts'
import type { Verbs } from '../report/words/verbs.ts'
import { change } from './change.ts'
import { renew } from './renew.ts'

/** Makes the verbs of a running receiver. */
export function makeVerbs(ctx: Context): Verbs {
  return {
    rollback: (asked, to) => change(ctx, asked, { kind: 'rollback', to }),
    redeploy: (asked) => change(ctx, asked, { kind: 'redeploy' }),
    pause: (asked, confirm) => change(ctx, asked, { kind: 'pause', confirm }),
    wake: (asked) => change(ctx, asked, { kind: 'wake' }),
    destroy: (asked, confirm) => change(ctx, asked, { kind: 'destroy', confirm }),
    renew: (asked, ttl) => renew(ctx, asked, ttl),
  }
}
