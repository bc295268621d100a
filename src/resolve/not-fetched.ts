// What of a commit is not in its repository: submodules and Git LFS files. It is not fetched, and the pusher is told so.
import { git } from '../lib/git.ts'
import type { TreeFile } from '../lib/git-tree.ts'
import { mustRun } from '../lib/spawn.ts'

/** Names that one line tells. */
const shown = 3
/** A pointer is a version line, an id and a size (git-lfs/docs/spec.md); extensions make it longer, never than 1024 bytes. */
const pointer = { least: 120, most: 1024, start: 'version https://git-lfs.github.com/spec/v1\n' }
/** So many small files are looked into. */
const looked = 5000

/** One line for each kind of what is not fetched; none when all of them are here. Where `signal` aborts, git is ended. */
export async function notFetched(
  repository: string,
  path: string,
  files: readonly TreeFile[],
  signal: AbortSignal,
): Promise<string[]> {
  const modules = files.filter(({ mode }) => mode === '160000')
  const lfs = await pointers(repository, path, files, signal)
  return [
    ...(modules.length === 0 ? [] : [`submodules are not fetched, empty here: ${names(modules)}`]),
    ...(lfs.length === 0 ? [] : [`Git LFS files are not fetched, only their pointers are here: ${names(lfs)}`]),
  ]
}

async function pointers(
  repository: string,
  path: string,
  files: readonly TreeFile[],
  signal: AbortSignal,
): Promise<TreeFile[]> {
  const small = files
    .filter(({ mode, size }) => mode.startsWith('100') && size >= pointer.least && size <= pointer.most)
    .slice(0, looked)
  if (small.length === 0) return []
  const input = `${small.map(({ oid }) => oid).join('\n')}\n`
  const read = await mustRun({ ...git(repository, path, ['cat-file', '--batch=%(objectname)']), input }, { signal })
  // Nobody's text contains the line that git writes before an object: its id is the hash of what follows.
  return small.filter(({ oid }) => read.includes(`${oid}\n${pointer.start}`))
}

function names(files: readonly TreeFile[]): string {
  const more = files.length - shown
  const list = files.slice(0, shown).map(({ name }) => name.toString())
  return `${list.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
