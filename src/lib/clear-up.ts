// What a receiver that was killed leaves in repositories: lock files, quarantine folders, half-made repositories.
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryLock } from './repositories.ts'
import { run } from './spawn.ts'

interface Open {
  readonly repository: string
}

/** Removes them once no git of an earlier receiver lives (each holds its repository's lock shared, flock(1)). */
export async function clearUp(stateDir: string, path: string): Promise<void> {
  const repositories = (await repositoriesOf(stateDir)).values()
  // A few at once: it is mostly waiting, and there may be hundreds.
  const clear = async () => {
    for (const repository of repositories) await clearRepository(repository, path)
  }
  await Promise.all(Array.from({ length: 8 }, clear))
  for (const name of await readdir(join(stateDir, 'tmp')).catch(() => []))
    await rm(join(stateDir, 'tmp', name), { recursive: true, force: true })
  // Scratch folders of builds that were cancelled.
  for (const name of await readdir(join(stateDir, 'home')).catch(() => []))
    if (name.startsWith('nix-build-')) await rm(join(stateDir, 'home', name), { recursive: true, force: true })
}

/** What a git that was killed left in one repository. Waits half a minute for other pushes, then leaves it to the next start. */
export async function clearRepository(repository: string, path: string): Promise<void> {
  const objects = await readdir(join(repository, 'objects')).catch(() => [])
  const quarantines = objects.filter((name) => name.startsWith('tmp_objdir-') || name.startsWith('incoming-'))
  const locks = await staleLocks(repository)
  if (quarantines.length + locks.length === 0 || !(await quiet(repository, path))) return
  for (const name of quarantines) await rm(join(repository, 'objects', name), { recursive: true, force: true })
  for (const lock of locks) await rm(lock, { force: true })
}

/** Removes repositories whose first push was not accepted, once what can be finished is: `open` deploys need theirs. */
export async function clearIncoming(stateDir: string, path: string, open: readonly Open[]): Promise<void> {
  const busy = new Set(open.map(({ repository }) => repository))
  const incoming = join(stateDir, 'incoming')
  for (const name of await readdir(incoming).catch(() => [])) {
    const folder = join(incoming, name)
    if (!busy.has(folder) && (await quiet(folder, path))) await rm(folder, { recursive: true, force: true })
  }
}

/** Every repository of a state directory, those whose first push is not accepted yet too. */
export async function repositoriesOf(stateDir: string): Promise<string[]> {
  const found: string[] = []
  const root = join(stateDir, 'repos')
  for (const organisation of await readdir(root).catch(() => []))
    for (const name of await readdir(join(root, organisation)).catch(() => []))
      found.push(join(root, organisation, name))
  for (const name of await readdir(join(stateDir, 'incoming')).catch(() => []))
    found.push(join(stateDir, 'incoming', name))
  return found
}

/** Lock files of refs and settings, and packed refs that were not written to their end; none is left while no git works there. */
export async function staleLocks(repository: string): Promise<string[]> {
  const top = ['HEAD.lock', 'packed-refs.lock', 'packed-refs.new', 'config.lock', 'shallow.lock']
    .map((name) => join(repository, name))
    .filter((file) => existsSync(file))
  const refs = join(repository, 'refs')
  const below = await readdir(refs, { recursive: true }).catch(() => [])
  return [...top, ...below.filter((name) => name.endsWith('.lock')).map((name) => join(refs, name))]
}

async function quiet(repository: string, path: string): Promise<boolean> {
  const lock = join(repository, repositoryLock)
  const ran = await run({ argv: ['flock', '--exclusive', '--wait', '30', lock, 'true'], env: { PATH: path } })
  return ran.code === 0
}
