// Which processes a release has, from its own closure. A build output is hostile: nothing outside the output is read.
import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs'
import { z } from 'zod'
import type { Nix } from '../lib/nix.ts'
import { Refused } from '../records.ts'

const schema = z.object({
  version: z.literal(1),
  processes: z.record(
    z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$/),
    z.object({ restart: z.enum(['always', 'on-failure', 'never']) }),
  ),
})

export type Restart = 'always' | 'on-failure' | 'never'

/** Reads `share/hostenv/processes.json` of an output; empty where it has none. Throws Refused when it is not what it should be. */
export function releaseProcesses(nix: Nix, out: string): Map<string, Restart> {
  const file = `${nix.realPath(out)}/share/hostenv/processes.json`
  let real: string
  try {
    real = realpathSync(file)
  } catch {
    return new Map()
  }
  if (!real.startsWith(`${realpathSync(nix.storeDir)}/`)) throw invalid
  const fd = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile() || stat.size > 1024 ** 2) throw invalid
    const parsed = schema.safeParse(JSON.parse(readFileSync(fd, 'utf8')))
    if (!parsed.success) throw invalid
    return new Map(Object.entries(parsed.data.processes).map(([name, { restart }]) => [name, restart]))
  } catch (error) {
    throw error instanceof SyntaxError ? invalid : error
  } finally {
    closeSync(fd)
  }
}

const invalid = new Refused('share/hostenv/processes.json of the build is not valid')
