// `hostenv backup`: everything of the receiver's own in one file, taken in a moment in which no deploy is on its way.
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { currentGeneration } from '../activate/profile.ts'
import { ConfigError } from '../config/config.ts'
import type { Env } from '../config/env.ts'
import { repositoriesOf } from '../lib/clear-up.ts'
import { repositoryLock } from '../lib/repositories.ts'
import { type Command, mustRun, run } from '../lib/spawn.ts'
import { version } from '../lib/version.ts'
import { openReadOnly } from '../state/database.ts'
import { State } from '../state/state.ts'
import { schemaVersion } from '../state/upgrade.ts'
import { type ArchiveManifest, members, tar, withFile } from './archive.ts'
import { allGenerations } from './generations.ts'
import { closureOf, type OperatorNix, operatorNix } from './operator-nix.ts'
import { type Directories, undisturbed } from './undisturbed.ts'

export interface BackupOptions {
  /** Whether the closures of all releases go into the file. */
  readonly store: boolean
  /** Seconds to wait for deploys on their way. */
  readonly wait: number
}

export interface BackedUp {
  readonly manifest: ArchiveManifest
  readonly storePaths: number
  readonly bytes: number
}

// What a push that is being received has not finished, and locks of the moment. Each pattern has its place, since a branch may be
// called tmp_x, incoming-x or packed-refs.new; no ref has a part that ends in .lock (git-check-ref-format(1)).
const unfinished = ['objects/tmp_*', 'objects/*/tmp_*', 'objects/incoming-*', '*.lock', 'packed-refs.new']
const excluded = (repository: string) => [
  ...['--anchored', '--wildcards', '--wildcards-match-slash'],
  ...unfinished.map((pattern) => `--exclude=${repository}/${pattern}`),
]

/** Writes `file` (mode 0600), which must not exist. Nothing of that name is there until it is whole. Throws ConfigError. */
export async function backUp(dirs: Directories, env: Env, file: string, options: BackupOptions): Promise<BackedUp> {
  const { stateDir } = dirs
  if (existsSync(file)) throw new ConfigError(`${file} exists: name a new file, so that no backup is lost.`)
  if (!existsSync(dirname(file))) throw new ConfigError(`There is no directory ${dirname(file)}: make it first.`)
  if (!existsSync(join(stateDir, members.record)))
    throw new ConfigError(`There is no receiver's state in ${stateDir}: name its directory with --state DIR.`)
  // Beside the file: that is where the operator has room for it.
  const staging = mkdtempSync(join(dirname(file), '.hostenv-backup-'))
  try {
    const nix = await operatorNix(stateDir, env)
    return await undisturbed(dirs, { why: 'backup', wait: options.wait }, async ({ lost }) => {
      const repositories = (await repositoriesOf(stateDir)).filter((path) => path.startsWith(join(stateDir, 'repos')))
      const manifest = snapshot(stateDir, staging, nix, { repositories, exported: options.store })
      const paths = options.store ? await exportStore(staging, manifest, nix) : 0
      lost.throwIfAborted()
      const partial = join(staging, 'backup.tar')
      await pack(stateDir, staging, partial, repositories, env.path)
      lost.throwIfAborted()
      chmodSync(partial, 0o600)
      flush(partial)
      renameSync(partial, file)
      flush(dirname(file))
      return { manifest, storePaths: paths, bytes: statSync(file).size }
    })
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

function snapshot(
  stateDir: string,
  staging: string,
  { nix }: OperatorNix,
  { repositories, exported }: { readonly repositories: readonly string[]; readonly exported: boolean },
): ArchiveManifest {
  const db = openReadOnly(stateDir)
  using state = new State(stateDir, () => null, db)
  const open = state.deploys.open()
  if (open.length > 0)
    throw new ConfigError(
      `${open.map(({ id }) => `d${id}`).join(', ')} was not finished: start the receiver (again), which finishes or undoes it, and back up then.`,
    )
  db.prepare('VACUUM INTO ?').run(join(staging, members.record))
  const profiles = Map.groupBy(
    allGenerations(state, stateDir).filter(({ wanted }) => wanted),
    ({ userName }) => userName,
  )
  const manifest: ArchiveManifest = {
    ...{ format: 1, hostenv: version, schema: schemaVersion(db), at: new Date().toISOString(), exported },
    repositories: repositories.map((path) =>
      relative(join(stateDir, members.repositories), path).replace(/\.git$/, ''),
    ),
    store: nix.privateStore === null ? 'machine' : 'private',
    profiles: [...profiles].map(([userName, generations]) => ({
      ...{ userName, current: currentGeneration(generations[0]?.profile ?? '') },
      generations: generations.map(({ n, storePath }) => ({ n, storePath })),
    })),
  }
  writeFileSync(join(staging, members.manifest), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 })
  return manifest
}

async function exportStore(staging: string, { profiles }: ArchiveManifest, nix: OperatorNix): Promise<number> {
  const all = profiles.flatMap(({ generations }) => generations.map(({ storePath }) => storePath))
  const roots = [...new Set(all)].filter((path) => existsSync(nix.nix.realPath(path)))
  const paths = await closureOf(nix, roots)
  // The collector's own list of arguments is limited, and an export of nothing is an error.
  const output = join(staging, members.store)
  if (paths.length === 0) writeFileSync(output, '\0'.repeat(8), { mode: 0o600 })
  else await withFile(nix.command(['nix-store', '--export', ...paths]), { output })
  return paths.length
}

// Repository after repository, each under its lock, so that no collector packs it again meanwhile; pushes may go on.
async function pack(
  stateDir: string,
  staging: string,
  file: string,
  repositories: readonly string[],
  path: string,
): Promise<void> {
  const store = existsSync(join(staging, members.store))
  const first = [members.manifest, members.record, ...(store ? [members.store] : [])]
  const own = [members.hostKey, `${members.hostKey}.pub`, members.logs].filter((name) =>
    existsSync(join(stateDir, name)),
  )
  const into = ['--force-local', '--format=posix', '--numeric-owner', `--file=${file}`]
  await mustRun(tar(path, ['--create', ...into, '-C', staging, ...first, '-C', stateDir, ...own]))
  for (const repository of repositories) {
    const name = relative(stateDir, repository)
    const command = tar(path, ['--append', ...into, ...excluded(name), '-C', stateDir, name])
    await packOne({
      ...command,
      argv: ['flock', '--shared', '--wait', '600', join(repository, repositoryLock), ...command.argv],
    })
  }
}

async function packOne(command: Command): Promise<void> {
  const ran = await run(command)
  // tar(1): 1 means that a file changed while it was read, which a push that is being received does to its own folders.
  if (ran.code === 0 || (ran.code === 1 && /changed as we read it|removed before we read it/.test(ran.stderr))) return
  throw new Error(`a repository could not be packed: ${ran.stderr.trim().split('\n').at(-1) ?? ran.signal}`)
}

function flush(path: string): void {
  const fd = openSync(path, 'r')
  fsyncSync(fd)
  closeSync(fd)
}
