// The rows of deploys: how far each one came. Recovery reads nothing else to know what to undo and what to redo.
import type { DatabaseSync } from 'node:sqlite'
import type { Oid } from '../records.ts'

export type Stage = 'received' | 'built' | 'switching' | 'switched' | 'committed' | 'done' | 'failed'

/** What asked for a deploy: a push, a word, or the receiver itself. */
export type DeployKind = 'push' | 'rollback' | 'redeploy' | 'pause' | 'wake' | 'destroy' | 'purge'

/** The ref of a deploy that moves none. */
export const noRef = ''

export interface DeployRow {
  readonly id: number
  readonly kind: DeployKind
  readonly unit: number | null
  readonly project: string
  readonly key: string | null
  /** `noRef` where it moves none: then `old` is what was live, and `new` (zero: nothing) what is to be. */
  readonly ref: string
  readonly old: Oid
  readonly new: Oid
  readonly tree: Oid | null
  readonly pusher: string
  readonly fingerprint: string
  readonly repository: string
  readonly stage: Stage
  readonly reason: string | null
  readonly out: string | null
  readonly release: number | null
  readonly previous_release: number | null
  readonly previous_generation: number | null
  readonly generation: number | null
  readonly cur: Oid | null
  readonly received_at: string
  readonly finished_at: string | null
  readonly stages: string
}

type NewDeploy = Pick<
  DeployRow,
  'kind' | 'project' | 'key' | 'ref' | 'old' | 'new' | 'pusher' | 'fingerprint' | 'repository'
>
type Change = Partial<Omit<DeployRow, 'id'>>

export class Deploys {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  /** S0. Answers the deploy's number. */
  receive(row: NewDeploy): number {
    const { lastInsertRowid } = this.#db
      .prepare(
        `INSERT INTO deploy (kind, project, key, ref, old, new, pusher, fingerprint, repository, stage, received_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'received', ?)`,
      )
      .run(
        ...[row.kind, row.project, row.key, row.ref, row.old, row.new],
        ...[row.pusher, row.fingerprint, row.repository, new Date().toISOString()],
      )
    return Number(lastInsertRowid)
  }

  /** Changes columns of one row. Column names come from the type, never from outside. */
  update(id: number, change: Change): void {
    const names = Object.keys(change)
    const values = Object.values(change) as (string | number | null)[]
    this.#db
      .prepare(`UPDATE deploy SET ${names.map((name) => `${name} = ?`).join(', ')} WHERE id = ?`)
      .run(...values, id)
  }

  /** Ends a deploy that is not live. */
  fail(id: number, reason: string): void {
    this.update(id, { stage: 'failed', reason, finished_at: new Date().toISOString() })
  }

  get(id: number): DeployRow | null {
    return (this.#db.prepare('SELECT * FROM deploy WHERE id = ?').get(id) as unknown as DeployRow | undefined) ?? null
  }

  latest(project: string, key: string): DeployRow | null {
    return this.#one('SELECT * FROM deploy WHERE project = ? AND key = ? ORDER BY id DESC LIMIT 1', project, key)
  }

  /** The newest that changed an environment or tried to: not a word that was refused before anything began, which is between it and who said it. */
  lastAttempt(project: string, key: string): DeployRow | null {
    return this.#one(
      `SELECT * FROM deploy WHERE project = ? AND key = ? AND NOT (stage = 'failed' AND kind <> 'push' AND unit IS NULL)
         ORDER BY id DESC LIMIT 1`,
      ...[project, key],
    )
  }

  /**
   * The deploy that last stopped or paused an environment, since it was purged if it was. By what it stopped, as a deploy may overtake
   * one that arrived before it.
   */
  lastStop(project: string, key: string): DeployRow | null {
    const purged = `SELECT max(id) FROM deploy WHERE project = ? AND key = ? AND kind = 'purge' AND stage IN ('committed', 'done')`
    return this.#one(
      `SELECT * FROM deploy WHERE project = ? AND key = ? AND release IS NULL AND previous_release IS NOT NULL
         AND stage IN ('committed', 'done') AND id > coalesce((${purged}), 0) ORDER BY previous_release DESC LIMIT 1`,
      ...[project, key, project, key],
    )
  }

  /** The newest accepted push of a branch that means this environment. */
  lastPush(project: string, key: string): DeployRow | null {
    return this.#one(
      `SELECT * FROM deploy WHERE project = ? AND key = ? AND kind = 'push' AND ref LIKE 'refs/heads/%'
         AND stage IN ('committed', 'done') ORDER BY id DESC LIMIT 1`,
      ...[project, key],
    )
  }

  /** The deploy that last set this ref to `value`, if any did. */
  whoSet(project: string, ref: string, value: Oid): DeployRow | null {
    return this.#one(
      `SELECT * FROM deploy WHERE project = ? AND ref = ? AND new = ? AND stage IN ('committed', 'done') ORDER BY id DESC LIMIT 1`,
      ...[project, ref, value],
    )
  }

  /** Rows after a number, oldest first. */
  after(id: number): DeployRow[] {
    return this.#db.prepare('SELECT * FROM deploy WHERE id > ? ORDER BY id').all(id) as unknown as DeployRow[]
  }

  /** The newest committed deploy of each ref of a project: what its branches and tags should be. */
  lastOfEachRef(project: string): DeployRow[] {
    const newest = `SELECT max(id) FROM deploy WHERE project = ? AND ref <> '${noRef}' AND stage IN ('committed', 'done') GROUP BY ref`
    const sql = `SELECT * FROM deploy WHERE id IN (${newest}) ORDER BY ref`
    return this.#db.prepare(sql).all(project) as unknown as DeployRow[]
  }

  /** Projects of which a push was accepted, also those that are only kept and have no policy and no environment. */
  projects(): string[] {
    const sql = `SELECT DISTINCT project FROM deploy WHERE stage IN ('committed', 'done') ORDER BY project`
    return this.#db
      .prepare(sql)
      .all()
      .map(({ project }) => String(project))
  }

  /** What no receiver finished: neither done nor failed. Oldest first. */
  open(): DeployRow[] {
    return this.#db
      .prepare(`SELECT * FROM deploy WHERE stage NOT IN ('done', 'failed') ORDER BY id`)
      .all() as unknown as DeployRow[]
  }

  #one(sql: string, ...values: string[]): DeployRow | null {
    return (this.#db.prepare(sql).get(...values) as unknown as DeployRow | undefined) ?? null
  }
}
