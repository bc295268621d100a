// The log of each environment's service manager: the manager keeps it open, so the receiver cuts it where it stands.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '../context.ts'
import { every } from '../lib/every.ts'
import { copyAndCut } from './rotating-file.ts'

/** Looks every `limits.portCheckInterval`; abort the answer to stop. (Logs of processes are s6-log's, which rotates them itself.) */
export function watchServiceLogs(ctx: Pick<Context, 'config' | 'log'>): AbortController {
  trimServiceLogs(ctx)
  return every(
    () => ctx.config.limits.portCheckInterval,
    () => trimServiceLogs(ctx),
  )
}

/** Cuts every svscan.log below STATE/env that is larger than it may be. Never throws. */
function trimServiceLogs({ config, log }: Pick<Context, 'config' | 'log'>): void {
  const root = join(config.stateDir, 'env')
  for (const name of readdirSync(root)) {
    try {
      copyAndCut(join(root, name, 'log/svscan.log'), { size: config.limits.serviceLogBytes, keep: 2 })
    } catch (error) {
      log.warn({ environment: name, err: error }, 'the log of a service manager cannot be cut')
    }
  }
}
