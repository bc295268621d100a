// Environments that exist and their releases.
import type { DatabaseSync } from 'node:sqlite'
import type { Oid, Release, Since } from '../records.ts'

export interface EnvironmentRow {
  readonly project: string
  readonly key: string
  readonly user_name: string
  readonly live: number | null
  readonly broken: string | null
  /** The pattern that a preview was made by; null for a declared environment. */
  readonly preview: string | null
  /** When a preview expires; null: never. */
  readonly expires_at: string | null
  /** The release that comes back when it is woken; null: it is not paused. */
  readonly wakes: number | null
  /** Who paused it: a person, or the receiver itself when it expired. */
  readonly paused_by: string | null
  /** When it goes with its data unless something of it becomes live before; null: it stays. */
  readonly goes_at: string | null
}

interface ReleaseRow {
  readonly project: string
  readonly key: string
  readonly n: number
  readonly generation: number
  readonly commit_oid: string
  readonly tree: string
  readonly store_path: string
  readonly by: string
  readonly at: string
  readonly label: string | null
  readonly deploy: number
  readonly stages: string
  readonly closure_bytes: number | null
  readonly answers: number | null
  readonly since: string | null
  readonly collected: string | null
}

/** How `broken` begins where an undo failed; where services do not start or were over a limit it begins otherwise. */
export const notRestored = 'the release before could not be restored'

export class Environments {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  get(project: string, key: string): EnvironmentRow | null {
    const sql = 'SELECT * FROM environment WHERE project = ? AND key = ?'
    return (this.#db.prepare(sql).get(project, key) as unknown as EnvironmentRow | undefined) ?? null
  }

  ofProject(project: string): EnvironmentRow[] {
    const sql = 'SELECT * FROM environment WHERE project = ? ORDER BY key'
    return this.#db.prepare(sql).all(project) as unknown as EnvironmentRow[]
  }

  /** Every environment that was ever switched to. */
  all(): EnvironmentRow[] {
    return this.#db.prepare('SELECT * FROM environment ORDER BY project, key').all() as unknown as EnvironmentRow[]
  }

  /** The deploy that a release came from. */
  deployOf(project: string, key: string, n: number): number | null {
    const sql = 'SELECT deploy FROM release WHERE project = ? AND key = ? AND n = ?'
    return (this.#db.prepare(sql).get(project, key, n) as { deploy: number } | undefined)?.deploy ?? null
  }

  /** Every environment that has a live release. */
  live(): EnvironmentRow[] {
    return this.#db.prepare('SELECT * FROM environment WHERE live IS NOT NULL').all() as unknown as EnvironmentRow[]
  }

  byUserName(userName: string): EnvironmentRow | null {
    const sql = 'SELECT * FROM environment WHERE user_name = ?'
    return (this.#db.prepare(sql).get(userName) as unknown as EnvironmentRow | undefined) ?? null
  }

  /** Reserves the user name for (project, key). Answers who has it already, or null when it is ours. */
  reserve(project: string, key: string, userName: string): EnvironmentRow | null {
    const other = this.byUserName(userName)
    if (other) return other.project === project && other.key === key ? null : other
    this.#db.prepare('INSERT INTO environment (project, key, user_name) VALUES (?, ?, ?)').run(project, key, userName)
    return null
  }

  isPreview(project: string, key: string): boolean {
    return (this.get(project, key)?.preview ?? null) !== null
  }

  /** Remembers that an environment is a preview made by a pattern, or (null) a declared one. */
  setPreview(project: string, key: string, pattern: string | null): void {
    this.#db.prepare('UPDATE environment SET preview = ? WHERE project = ? AND key = ?').run(pattern, project, key)
  }

  setLive(project: string, key: string, n: number | null): void {
    this.#db
      .prepare('UPDATE environment SET live = ?, broken = NULL WHERE project = ? AND key = ?')
      .run(n, project, key)
  }

  /** Says why an environment does not run as the record has it; null when it does again. */
  setBroken(project: string, key: string, why: string | null): void {
    this.#db.prepare('UPDATE environment SET broken = ? WHERE project = ? AND key = ?').run(why, project, key)
  }

  /** Newest first. */
  releases(project: string, key: string): Release[] {
    const live = this.get(project, key)?.live
    const sql = 'SELECT * FROM release WHERE project = ? AND key = ? ORDER BY n DESC'
    const rows = this.#db.prepare(sql).all(project, key) as unknown as ReleaseRow[]
    return rows.map((row) => toRelease(row, row.n === live))
  }

  release(project: string, key: string, n: number): Release | null {
    const sql = 'SELECT * FROM release WHERE project = ? AND key = ? AND n = ?'
    const row = this.#db.prepare(sql).get(project, key, n) as unknown as ReleaseRow | undefined
    return row ? toRelease(row, this.get(project, key)?.live === n) : null
  }

  /** Releases that are not kept any more: their rows stay, one cannot go back to them. */
  collect(project: string, key: string, which: readonly number[], at: string): void {
    const update = this.#db.prepare('UPDATE release SET collected = ? WHERE project = ? AND key = ? AND n = ?')
    for (const n of which) update.run(at, project, key, n)
  }

  /** The releases that one can go back to, newest first. */
  kept(project: string, key: string): Release[] {
    return this.releases(project, key).filter(({ outcome }) => outcome !== 'collected')
  }

  /** The releases of all projects that stand on a store path and are kept, newest first. */
  releasesOf(storePath: string): Release[] {
    const sql = 'SELECT * FROM release WHERE store_path = ? AND collected IS NULL ORDER BY at DESC'
    const rows = this.#db.prepare(sql).all(storePath) as unknown as ReleaseRow[]
    return rows.map((row) => toRelease(row, this.get(row.project, row.key)?.live === row.n))
  }

  /** Whether a commit was ever live in an environment. */
  wasLive(project: string, key: string, commit: Oid): boolean {
    const sql = 'SELECT 1 FROM release WHERE project = ? AND key = ? AND commit_oid = ? LIMIT 1'
    return this.#db.prepare(sql).get(project, key, commit) !== undefined
  }

  /** What is live, or null. */
  liveRelease(project: string, key: string): Release | null {
    const live = this.get(project, key)?.live
    return live ? this.release(project, key, live) : null
  }

  nextRelease(project: string, key: string): number {
    const sql = 'SELECT coalesce(max(n), 0) + 1 AS n FROM release WHERE project = ? AND key = ?'
    return (this.#db.prepare(sql).get(project, key) as { n: number }).n
  }

  /** Remembers on which ports a release was found to listen; empty when on none. */
  markPorts(project: string, key: string, n: number, ports: readonly number[]): void {
    const sql = 'UPDATE release SET ports = ? WHERE project = ? AND key = ? AND n = ?'
    this.#db.prepare(sql).run(ports.join(' '), project, key, n)
  }

  /** The ports of markPorts. */
  ports(project: string, key: string, n: number): string {
    const sql = 'SELECT ports FROM release WHERE project = ? AND key = ? AND n = ?'
    return (this.#db.prepare(sql).get(project, key, n) as { ports: string } | undefined)?.ports ?? ''
  }

  addRelease(release: Omit<Release, 'outcome'>): void {
    const {
      project,
      key,
      n,
      generation,
      commit,
      tree,
      storePath,
      deploy,
      by,
      at,
      label,
      closureBytes,
      since,
      answers,
    } = release
    this.#db
      .prepare(`INSERT INTO release (project, key, n, generation, commit_oid, tree, store_path, by, at, label, deploy, stages, closure_bytes, since, answers)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
      .run(
        ...[project, key, n, generation, commit, tree, storePath, by, at, label, deploy],
        ...[JSON.stringify(release.stages), closureBytes, since === null ? null : JSON.stringify(since)],
        answers === null ? null : Number(answers),
      )
  }
}

function toRelease(row: ReleaseRow, live: boolean): Release {
  const { project, key, n, generation, tree, deploy, by, at, label } = row
  return {
    ...{ project, key, n, generation, commit: row.commit_oid, tree, storePath: row.store_path, deploy, by, at },
    outcome: live ? 'live' : row.collected === null ? 'superseded' : 'collected',
    label,
    closureBytes: row.closure_bytes,
    since: row.since === null ? null : (JSON.parse(row.since) as Since),
    stages: JSON.parse(row.stages) as Record<string, number>,
    answers: row.answers === null ? null : row.answers === 1,
  }
}
