// `hostenv restore`: a backup becomes the state of an empty machine. The record is put in place last: without it nothing starts.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { profilePath } from '../activate/profile.ts'
import { ConfigError } from '../config/config.ts'
import type { Env } from '../config/env.ts'
import { repositoriesOf } from '../lib/clear-up.ts'
import { git } from '../lib/git.ts'
import { repositoryPath } from '../lib/repositories.ts'
import { mustRun } from '../lib/spawn.ts'
import { holdState } from '../state/database.ts'
import { migrations } from '../state/migrations.ts'
import { type ArchiveManifest, members, readManifest, tar, withFile } from './archive.ts'
import { generationLink } from './generations.ts'
import { addRoot, type OperatorNix, operatorNix } from './operator-nix.ts'

export interface Restored {
  readonly manifest: ArchiveManifest
  readonly generations: number
  /** Store paths of releases that are not here: those releases run again when they are pushed again. */
  readonly missing: readonly string[]
}

/** Restores into a state directory that is empty or missing. Throws ConfigError; then what was begun is removed again. */
export async function restore(
  stateDir: string,
  env: Env,
  file: string,
  store?: 'private' | 'machine',
): Promise<Restored> {
  const manifest = await readManifest(file, env.path)
  if (manifest.schema > migrations.length)
    throw new ConfigError(
      `${file} was written by hostenv ${manifest.hostenv} (schema ${manifest.schema}, this one knows ${migrations.length}): use that version.`,
    )
  if (!isEmpty(stateDir))
    throw new ConfigError(
      `${stateDir} is not empty: restore into a new directory with --state DIR, or move this one away.`,
    )
  using _held = holdState(stateDir)
  const unpacked = join(stateDir, 'restoring')
  try {
    mkdirSync(unpacked, { mode: 0o700 })
    const extract = ['--extract', '--force-local', '--no-same-owner', `--file=${file}`, '-C', unpacked]
    await mustRun(tar(env.path, extract))
    checkRecord(join(unpacked, members.record), file)
    for (const project of manifest.repositories)
      if (!existsSync(repositoryPath(unpacked, project)))
        throw new ConfigError(`${file} was cut short: it lacks the repository of ${project}. Use another backup.`)
    for (const repository of await repositoriesOf(unpacked))
      await mustRun(git(repository, env.path, ['fsck', '--connectivity-only', '--no-dangling', '--no-progress']))
    const nix = await operatorNix(stateDir, env, store ?? manifest.store)
    const exported = join(unpacked, members.store)
    if (existsSync(exported)) await withFile(nix.command(['nix-store', '--import']), { input: exported })
    const { generations, missing } = await restoreProfiles(stateDir, manifest, nix)
    putInPlace(stateDir, unpacked)
    return { manifest, generations, missing }
  } catch (error) {
    await empty(stateDir, env.path)
    if (error instanceof ConfigError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new ConfigError(`${file} could not be restored (${why}); ${stateDir} is empty again.`)
  }
}

async function restoreProfiles(stateDir: string, { profiles }: ArchiveManifest, nix: OperatorNix) {
  const missing = new Set<string>()
  let count = 0
  for (const { userName, current, generations } of profiles) {
    const profile = profilePath({ stateDir }, userName)
    mkdirSync(dirname(profile), { recursive: true, mode: 0o700 })
    for (const { n, storePath } of generations) {
      if (!existsSync(nix.nix.realPath(storePath))) missing.add(storePath)
      else {
        await addRoot(nix, storePath, generationLink({ profile, n }))
        count++
      }
    }
    if (current !== null) symlinkSync(`profile-${current}-link`, profile)
  }
  return { generations: count, missing: [...missing] }
}

function checkRecord(database: string, file: string): void {
  const db = new DatabaseSync(database, { readOnly: true })
  try {
    const { integrity_check: said } = db.prepare('PRAGMA integrity_check(1)').get() as { integrity_check: string }
    if (said !== 'ok') throw new ConfigError(`The record in ${file} is damaged (${said}): use another backup.`)
  } finally {
    db.close()
  }
}

function putInPlace(stateDir: string, unpacked: string): void {
  mkdirSync(join(stateDir, 'log'), { recursive: true, mode: 0o700 })
  for (const name of [members.repositories, members.logs, members.hostKey, `${members.hostKey}.pub`, members.record])
    if (existsSync(join(unpacked, name))) renameSync(join(unpacked, name), join(stateDir, name))
  rmSync(unpacked, { recursive: true, force: true })
}

const ours = /^lock\.db/

function isEmpty(stateDir: string): boolean {
  return !existsSync(stateDir) || readdirSync(stateDir).every((name) => ours.test(name))
}

// Directories of a store are read-only.
async function empty(stateDir: string, path: string): Promise<void> {
  for (const name of readdirSync(stateDir).filter((name) => !ours.test(name))) {
    await mustRun({ argv: ['chmod', '-R', 'u+rwX', '--', join(stateDir, name)], env: { PATH: path } }).catch(() => '')
    rmSync(join(stateDir, name), { recursive: true, force: true })
  }
}
