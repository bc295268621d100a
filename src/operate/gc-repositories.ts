// The repositories' part of `hostenv gc`: objects of refused pushes, which no ref and no reflog reaches.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { git } from '../lib/git.ts'
import { mustRun } from '../lib/spawn.ts'

export interface RepositoryGarbage {
  readonly repository: string
  /** Objects that nothing reaches. */
  readonly objects: number
  /** Bytes that they take, about. */
  readonly bytes: number
}

/** What of one repository is not reachable. */
export async function findRepositoryGarbage(repository: string, path: string): Promise<RepositoryGarbage> {
  const reach = ['rev-list', '--objects', '--all', '--reflog']
  const reachable = Number(await mustRun(git(repository, path, [...reach, '--no-object-names', '--disk-usage'])))
  const listed = await mustRun(git(repository, path, [...reach, '--no-object-names']), { maxBuffer: 1024 ** 3 })
  const counts = await mustRun(git(repository, path, ['count-objects', '-v']))
  const count = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(counts)?.[1] ?? 0)
  const objects = count('in-pack') + count('count') - (listed === '' ? 0 : listed.split('\n').length)
  const bytes = packBytes(repository) + count('size') * 1024 - reachable
  return { repository, objects: Math.max(0, objects), bytes: objects > 0 ? Math.max(0, bytes) : 0 }
}

function packBytes(repository: string): number {
  const folder = join(repository, 'objects/pack')
  const packs = readdirSync(folder).filter((name) => name.endsWith('.pack'))
  // Each pack has a head and a checksum besides its objects (gitformat-pack(5)).
  return packs.reduce((sum, name) => sum + statSync(join(folder, name)).size - 32, 0)
}
