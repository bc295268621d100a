// A disk that is full: of the state, of a repository, of the logs, at each step of a deploy. The pusher reads it, what was live serves, and
// all that is needed to go on is room.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../../src/lib/spawn.ts'
import { cleanEnv } from '../../test/helpers/programs.ts'
import type { Found } from './report.ts'

/** In a mount namespace of its own, where the small disks end with it. Needs root. `cases` is a pattern of their names. */
export async function fullDisk(seed: number, cases = ''): Promise<Found[]> {
  if (process.getuid?.() !== 0)
    return [{ what: 'full disks: not run, because only root can mount small ones', wrong: [] }]
  const home = mkdtempSync(join(tmpdir(), 'fd-'))
  try {
    const script = join(import.meta.dirname, 'full-disk-run.ts')
    const unshare = ['unshare', '--mount', '--propagation', 'private', '--'] as const
    const env = { ...cleanEnv(home), TMPDIR: home }
    const argv = [...unshare, 'node', script, `${seed}`, cases] as [string, ...string[]]
    const ran = await run({ argv, env }, { timeout: 1_200_000 })
    const last = ran.stdout.trim().split('\n').at(-1) ?? ''
    return last.startsWith('[') ? JSON.parse(last) : [{ what: 'full disks', wrong: [`${ran.stdout}\n${ran.stderr}`] }]
  } finally {
    await run({ argv: ['chmod', '-R', 'u+rwX', home], env: cleanEnv(home) })
    rmSync(home, { recursive: true, force: true })
  }
}
