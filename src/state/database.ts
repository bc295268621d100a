// The one SQLite file: opened, migrated, and kept to one receiver at a time.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { migrations } from './migrations.ts'

/** Another receiver uses this state directory. */
export class StateInUse extends Error {}

/** Opens STATE/hostenv.db (WAL, `synchronous=FULL`) and brings its schema up to date. Throws when it was written by a newer version. */
export function openDatabase(stateDir: string): DatabaseSync {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const db = new DatabaseSync(join(stateDir, 'hostenv.db'))
  db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=5000')
  const row = db.prepare('PRAGMA user_version').get() as { user_version: number }
  if (row.user_version > migrations.length)
    throw new Error(
      `The state in ${stateDir} was written by a newer hostenv (schema ${row.user_version}, this one knows ${migrations.length}): use that version.`,
    )
  for (let version = row.user_version; version < migrations.length; version++)
    transaction(db, () => db.exec(`${migrations[version]}; PRAGMA user_version = ${version + 1}`))
  return db
}

/** Runs `work` in one IMMEDIATE transaction: all of it is on disk when this returns, or none. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    // SQLite rolls back by itself after some errors (a full disk): the cause is what has to be told.
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** Holds STATE for this process until it ends, however it ends (an exclusive SQLite lock). Throws StateInUse. */
export function holdState(stateDir: string): Disposable {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const lock = new DatabaseSync(join(stateDir, 'lock.db'))
  try {
    lock.exec('PRAGMA busy_timeout=500; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if (!/locked|busy/i.test(String(error))) throw error
    throw new StateInUse(
      `Another hostenv runs on ${stateDir}: stop it first, or name another directory with --state DIR.`,
    )
  }
  return { [Symbol.dispose]: () => lock.close() }
}
