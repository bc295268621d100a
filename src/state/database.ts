// The one SQLite file: opened, migrated, and kept to one receiver at a time.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { upgrade } from './upgrade.ts'

/** Another receiver uses this state directory. */
export class StateInUse extends Error {}

/** Opens STATE/hostenv.db (WAL, `synchronous=FULL`) and brings its schema up to date (a copy of the record is made first). Throws SchemaError. */
export function openDatabase(stateDir: string): DatabaseSync {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const db = new DatabaseSync(join(stateDir, 'hostenv.db'))
  db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=5000')
  upgrade(db, stateDir)
  return db
}

/** Opens STATE/hostenv.db to read it, beside a running receiver or without one. Changes nothing. Throws when there is none. */
export function openReadOnly(stateDir: string): DatabaseSync {
  const db = new DatabaseSync(join(stateDir, 'hostenv.db'), { readOnly: true })
  db.exec('PRAGMA busy_timeout=5000')
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
