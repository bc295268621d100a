// How long environments live: when a preview expires, what a paused one is woken to, and when all of what was torn down goes.
// Times are ISO 8601 in UTC, so their order as text is their order in time.
import type { DatabaseSync } from 'node:sqlite'
import type { EnvironmentRow } from './environments.ts'

export class Lifetimes {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  /** Something of it is live: it expires then (null: never), and is neither paused nor going. */
  live(project: string, key: string, expiresAt: string | null): void {
    this.#set(project, key, 'wakes = NULL, paused_by = NULL, goes_at = NULL, expires_at = ?', expiresAt)
  }

  /** It expires at another time than was said; null: never. */
  expire(project: string, key: string, expiresAt: string | null): void {
    this.#set(project, key, 'expires_at = ?', expiresAt)
  }

  /** Nothing of it is live, and `release` comes back when it is woken. `goesAt`: when it goes where nobody wakes it. */
  paused(project: string, key: string, release: number, by: string, goesAt: string | null): void {
    this.#set(project, key, 'wakes = ?, paused_by = ?, goes_at = ?', release, by, goesAt)
  }

  /** Nothing of it is live and nothing comes back by itself; at `goesAt` its data goes too (null: it is kept). */
  stopped(project: string, key: string, goesAt: string | null): void {
    this.#set(project, key, 'wakes = NULL, paused_by = NULL, expires_at = NULL, goes_at = ?', goesAt)
  }

  /** Previews that are live beyond their time. */
  expired(now: string): EnvironmentRow[] {
    return this.#rows('live IS NOT NULL AND preview IS NOT NULL AND expires_at <= ?', now)
  }

  /** Previews of which nothing is live, that are to go at some time and do not know when yet: expired while paused, or never live. */
  undated(now: string): EnvironmentRow[] {
    const idle = 'live IS NULL AND preview IS NOT NULL AND goes_at IS NULL'
    return this.#rows(`${idle} AND (wakes IS NULL OR expires_at <= ?)`, now)
  }

  /** What goes now, with its data. */
  due(now: string): EnvironmentRow[] {
    return this.#rows('live IS NULL AND goes_at <= ?', now)
  }

  /** It goes at `goesAt` unless something of it becomes live before. */
  date(project: string, key: string, goesAt: string): void {
    this.#set(project, key, 'goes_at = ?', goesAt)
  }

  /** The previews that a pattern made and that are there, running or paused: paused ones first, then by when they were last made live. */
  ofPattern(project: string, pattern: string): EnvironmentRow[] {
    const newest =
      'SELECT max(id) FROM deploy d WHERE d.project = e.project AND d.key = e.key AND d.release IS NOT NULL'
    const sql = `SELECT e.* FROM environment e WHERE e.project = ? AND e.preview = ? AND (e.live IS NOT NULL OR e.wakes IS NOT NULL)
      ORDER BY e.live IS NOT NULL, (${newest} AND d.stage IN ('committed', 'done'))`
    return this.#db.prepare(sql).all(project, pattern) as unknown as EnvironmentRow[]
  }

  /** Forgets an environment and its releases: its user name is free again. */
  forget(project: string, key: string): void {
    for (const table of ['release', 'environment'])
      this.#db.prepare(`DELETE FROM ${table} WHERE project = ? AND key = ?`).run(project, key)
  }

  #set(project: string, key: string, what: string, ...values: (string | number | null)[]): void {
    this.#db.prepare(`UPDATE environment SET ${what} WHERE project = ? AND key = ?`).run(...values, project, key)
  }

  #rows(where: string, ...values: string[]): EnvironmentRow[] {
    const sql = `SELECT * FROM environment WHERE ${where} ORDER BY project, key`
    return this.#db.prepare(sql).all(...values) as unknown as EnvironmentRow[]
  }
}
