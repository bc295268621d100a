// What of a commit is not in its repository: submodules and Git LFS files. It is not fetched, and the pusher is told so.
import { git } from '../lib/git.ts'
import { mustRun } from '../lib/spawn.ts'
import type { Oid } from '../records.ts'

/** Names that one line tells. */
const shown = 3
/** A pointer is a version line, an id and a size (git-lfs/docs/spec.md); extensions make it longer, never than 1024 bytes. */
const pointer = { least: 120, most: 1024, start: 'version https://git-lfs.github.com/spec/v1\n' }
/** So many small files are looked into. */
const looked = 5000

interface Entry {
  readonly mode: string
  readonly oid: Oid
  readonly size: number
  readonly path: string
}

/** One line for each kind of what is not fetched; none when all of the tree is here. */
export async function notFetched(repository: string, path: string, tree: Oid): Promise<string[]> {
  const listed = await mustRun(git(repository, path, ['ls-tree', '-r', '-z', '-l', '--full-tree', tree]))
  const entries = listed.split('\0').flatMap(entry)
  const modules = entries.filter(({ mode }) => mode === '160000')
  const lfs = await pointers(repository, path, entries)
  return [
    ...(modules.length === 0 ? [] : [`submodules are not fetched, empty here: ${names(modules)}`]),
    ...(lfs.length === 0 ? [] : [`Git LFS files are not fetched, only their pointers are here: ${names(lfs)}`]),
  ]
}

function entry(line: string): Entry[] {
  const match = /^(\d{6}) \w+ ([0-9a-f]{40}) +(\d+|-)\t(.+)$/s.exec(line)
  return match?.[1] && match[2] && match[4]
    ? [{ mode: match[1], oid: match[2], size: Number(match[3]) || 0, path: match[4] }]
    : []
}

async function pointers(repository: string, path: string, entries: readonly Entry[]): Promise<Entry[]> {
  const small = entries
    .filter(({ mode, size }) => mode.startsWith('100') && size >= pointer.least && size <= pointer.most)
    .slice(0, looked)
  if (small.length === 0) return []
  const input = `${small.map(({ oid }) => oid).join('\n')}\n`
  const read = await mustRun({ ...git(repository, path, ['cat-file', '--batch=%(objectname)']), input })
  // Nobody's text contains the line that git writes before an object: its id is the hash of what follows.
  return small.filter(({ oid }) => read.includes(`${oid}\n${pointer.start}`))
}

function names(entries: readonly Entry[]): string {
  const more = entries.length - shown
  const list = entries.slice(0, shown).map(({ path }) => path)
  return `${list.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
