// Bare repositories: where they are, and how a new one comes to be without being seen half-made.
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type ProjectId, Refused } from '../records.ts'
import { git } from './git.ts'
import { normalise } from './names.ts'
import { mustRun } from './spawn.ts'

// Whatever .gitattributes say, a tree's files are its blobs, byte for byte (gitattributes(5)).
const attributes = '* -export-subst -export-ignore -ident -text -eol -filter -working-tree-encoding\n'

/** Reads `org/project`, also with `.git` or a leading `/`. Throws Refused for anything else. */
export function parseProjectPath(path: string): ProjectId {
  const match = /^\/?([A-Za-z0-9][A-Za-z0-9._-]{0,62})\/([A-Za-z0-9][A-Za-z0-9._-]{0,62}?)(?:\.git)?\/?$/.exec(path)
  const id = match?.[1] && match[2] && !path.includes('..') ? normalise(match[1], match[2]) : null
  if (!id?.organisation || !id.project)
    throw new Refused('a project is named ORGANISATION/PROJECT, with letters, digits and -')
  return id
}

export function projectName(id: ProjectId): string {
  return `${id.organisation}/${id.project}`
}

/** The other way: of a name that projectName made. */
export function projectId(name: string): ProjectId {
  const [organisation = '', project = ''] = name.split('/')
  return { organisation, project }
}

/** Where the repository of a project is, or will be. */
export function repositoryPath(stateDir: string, project: string): string {
  return join(stateDir, 'repos', `${project}.git`)
}

/** The folder of repositories whose first push is not accepted yet. */
function incomingDir(stateDir: string): string {
  return join(stateDir, 'incoming')
}

/** Makes an empty bare repository in a temporary folder, HEAD on the canonical branch. */
export async function makeTemporary(stateDir: string, path: string, canonicalBranch: string): Promise<string> {
  await mkdir(incomingDir(stateDir), { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(incomingDir(stateDir), 'repo-'))
  await mustRun(git(folder, path, ['init', '--bare', '--quiet', '--template=', `--initial-branch=${canonicalBranch}`]))
  await mkdir(join(folder, 'info'), { recursive: true })
  await writeFile(join(folder, 'info/attributes'), attributes)
  return folder
}

/** Puts an accepted repository where it belongs. Does nothing when it is there already (a redo). */
export async function putInPlace(temporary: string, final: string): Promise<void> {
  if (existsSync(final)) return
  await mkdir(dirname(final), { recursive: true, mode: 0o700 })
  await rename(temporary, final)
  // What comes next says that it is done, so the name has to outlive a power cut (fsync(2)).
  for (const folder of [dirname(final), dirname(dirname(final))]) await syncFolder(folder)
}

/** Puts the names in a folder on the disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The file in a repository that everything which writes to it holds shared (flock(1)); who clears up takes it alone. */
export const repositoryLock = 'hostenv.lock'

export async function discard(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
}
