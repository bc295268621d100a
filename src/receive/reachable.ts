// Whether objects that a client names can be reached from a ref.
import { createInterface } from 'node:readline'
import { git } from '../lib/git.ts'
import { mustRun, start } from '../lib/spawn.ts'
import type { Oid } from '../records.ts'

/** Milliseconds for a walk over all objects. Bitmaps, which each collection writes, make it short. */
const longestWalk = 60_000

/** Answers one of `oids` that no ref reaches, or null. Tips of refs cost one git, commits two, files and folders a walk. */
export async function unreachable(repository: string, path: string, oids: readonly Oid[]): Promise<Oid | null> {
  const list = ['for-each-ref', '--format=%(objectname) %(*objectname)']
  const tips = new Set((await mustRun(git(repository, path, list))).split(/\s+/))
  const rest = oids.filter((oid) => !tips.has(oid))
  if (rest.length === 0) return null
  const input = `${rest.join('\n')}\n`
  const check = git(repository, path, ['cat-file', '--batch-check=%(objectname) %(objecttype)'])
  const types = (await mustRun({ ...check, input }, { maxBuffer: 64 * 1024 ** 2 })).split('\n')
  const missing = types.find((line) => line.endsWith(' missing'))
  if (missing !== undefined) return missing.slice(0, 40)
  const commits = types.filter((line) => line.endsWith(' commit')).map((line) => line.slice(0, 40))
  if (commits.length > 0) {
    const beyond = git(repository, path, ['rev-list', '--max-count=1', '--stdin', '--not', '--all'])
    if ((await mustRun({ ...beyond, input: `${commits.join('\n')}\n` })) !== '') return commits[0] ?? null
  }
  const others = types.filter((line) => !line.endsWith(' commit')).map((line) => line.slice(0, 40))
  return others.length === 0 ? null : await walk(repository, path, new Set(others))
}

async function walk(repository: string, path: string, looked: Set<Oid>): Promise<Oid | null> {
  const args = ['rev-list', '--objects', '--no-object-names', '--use-bitmap-index', '--all']
  const child = start(git(repository, path, args), ['ignore', 'pipe', 'ignore'])
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()).once('error', () => resolve()))
  const timer = setTimeout(() => child.kill('SIGKILL'), longestWalk)
  if (child.stdout)
    for await (const line of createInterface({ input: child.stdout })) {
      looked.delete(line)
      if (looked.size === 0) child.kill('SIGKILL')
    }
  await ended
  clearTimeout(timer)
  const [first = null] = looked
  return first
}
