// What the words do that act: one file for each verb in this folder, joined here. Like the pipeline, it may use every stage.
import type { Context } from '../context.ts'
import type { Verbs } from '../report/words/verbs.ts'
import { makeCancel } from './cancel.ts'
import { change } from './change.ts'
import { changes } from './changes.ts'
import { makePeople } from './people.ts'
import { makeProcessLog } from './process-log.ts'
import { makeProcesses, makeRestart } from './processes.ts'
import { makeProjects } from './projects.ts'
import { renew } from './renew.ts'
import { makeRun } from './run.ts'

/** Makes the verbs of a running receiver. */
export function makeVerbs(ctx: Context): Verbs {
  return {
    changes: (release) => changes(ctx, release),
    rollback: (asked, to) => change(ctx, asked, { kind: 'rollback', to }),
    redeploy: (asked, pushed) => change(ctx, asked, { kind: 'redeploy', pushed }),
    pause: (asked, confirm) => change(ctx, asked, { kind: 'pause', confirm }),
    wake: (asked) => change(ctx, asked, { kind: 'wake' }),
    destroy: (asked, confirm) => change(ctx, asked, { kind: 'destroy', confirm }),
    renew: (asked, ttl) => renew(ctx, asked, ttl),
    run: makeRun(ctx),
    processes: makeProcesses(ctx),
    restart: makeRestart(ctx),
    processLog: makeProcessLog(ctx),
    cancel: makeCancel(ctx),
    ...makePeople(ctx),
    ...makeProjects(ctx),
  }
}
