// Which processes a release has, from its own closure. A build output is hostile: what it says is parsed, and where it lies is checked.
import { z } from 'zod'
import type { Nix } from '../lib/nix.ts'
import { Refused } from '../records.ts'
import { BadOutputFile, readOutputFile } from './output-file.ts'

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
  const path = 'share/hostenv/processes.json'
  try {
    const text = readOutputFile(nix, out, path)
    if (text === null) return new Map()
    const { processes } = schema.parse(JSON.parse(text))
    return new Map(Object.entries(processes).map(([name, { restart }]) => [name, restart]))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError || error instanceof BadOutputFile)
      throw new Refused(`${path} of the build is not valid`)
    throw error
  }
}
