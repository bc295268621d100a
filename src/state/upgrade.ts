// From the schema that a state directory has to the one that this hostenv knows. What was there is copied before it changes.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { migrations } from './migrations.ts'

export interface Upgraded {
  readonly from: number
  readonly to: number
  /** The copy of the record as it was, or null where nothing changed or nothing was there. */
  readonly copy: string | null
}

/** The record cannot be used by this version; the message is a whole sentence for the operator. */
export class SchemaError extends Error {}

/** The schema's version (`PRAGMA user_version`); 0 for an empty database. */
export function schemaVersion(db: DatabaseSync): number {
  return (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version
}

/**
 * Brings a database up to date, each step in a transaction of its own. Throws SchemaError when it was written by a newer
 * version, is damaged, or a step fails; the steps before that one stay.
 */
export function upgrade(db: DatabaseSync, stateDir: string, steps: readonly string[] = migrations): Upgraded {
  const from = schemaVersion(db)
  const to = steps.length
  if (from > to)
    throw new SchemaError(
      `The state in ${stateDir} was written by a newer hostenv (schema ${from}, this one knows ${to}): use that version.`,
    )
  if (from === to) return { from, to, copy: null }
  const copy = from === 0 ? null : saveCopy(db, stateDir, from)
  for (let version = from; version < to; version++) step(db, steps[version] ?? '', version + 1, copy)
  return { from, to, copy }
}

function saveCopy(db: DatabaseSync, stateDir: string, from: number): string {
  const { quick_check: found } = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string }
  if (found !== 'ok')
    throw new SchemaError(`The record in ${stateDir} is damaged (${found}): restore a backup before you upgrade.`)
  const folder = join(stateDir, 'upgrades')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const copy = join(folder, `hostenv-schema-${from}.db`)
  // One of an upgrade that was interrupted is older than what is there now, or the same.
  rmSync(copy, { force: true })
  db.prepare('VACUUM INTO ?').run(copy)
  return copy
}

function step(db: DatabaseSync, sql: string, version: number, copy: string | null): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    db.exec(`${sql}; PRAGMA user_version = ${version}`)
    db.exec('COMMIT')
  } catch (error) {
    db.exec('ROLLBACK')
    const why = error instanceof Error ? error.message : String(error)
    throw new SchemaError(
      `The upgrade to schema ${version} failed (${why}) and was taken back${copy === null ? '' : `; the record as it was is in ${copy}`}.`,
    )
  }
}
