// A project gets another name, or goes: all its rows at once, and a row that says what of its files has to follow. A start that
// finds that row finishes it.
import type { DatabaseSync } from 'node:sqlite'
import type { Manifest } from '../records.ts'

export interface Move {
  readonly from: string
  /** Null: it was removed. */
  readonly to: string | null
  /** Old user name → new one, or null. */
  readonly userNames: Readonly<Record<string, string | null>>
}

/** What a rename changes beside the name. */
export interface Renaming extends Move {
  readonly to: string
  /** The policy with the facts of the new name; null where there is none yet. */
  readonly policy: Manifest | null
  readonly oldRepository: string
  readonly repository: string
}

const tables = ['environment', 'deploy', 'release', 'tag', 'project_access'] as const

export class Moves {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  /** Those whose files do not follow yet. */
  open(): Move[] {
    return this.#db
      .prepare('SELECT * FROM moving_project')
      .all()
      .map((row) => ({
        from: String(row.old_name),
        to: row.new_name === null ? null : String(row.new_name),
        userNames: JSON.parse(String(row.user_names)) as Move['userNames'],
      }))
  }

  /** To be called inside a transaction. */
  rename({ from, to, userNames, policy, oldRepository, repository }: Renaming): void {
    this.#begin({ from, to, userNames })
    for (const table of tables) this.#db.prepare(`UPDATE ${table} SET project = ? WHERE project = ?`).run(to, from)
    for (const [old, name] of Object.entries(userNames))
      this.#db.prepare('UPDATE environment SET user_name = ? WHERE user_name = ?').run(name, old)
    this.#db.prepare('UPDATE deploy SET repository = ? WHERE repository = ?').run(repository, oldRepository)
    this.#db.prepare('UPDATE added_project SET name = ? WHERE name = ?').run(to, from)
    this.#db.prepare('UPDATE project SET name = ? WHERE name = ?').run(to, from)
    if (policy !== null)
      this.#db.prepare('UPDATE project SET policy = ? WHERE name = ?').run(JSON.stringify(policy), to)
  }

  /** To be called inside a transaction. Answers the deploys that went. */
  remove(move: Move): number[] {
    this.#begin(move)
    const rows = this.#db.prepare('SELECT id FROM deploy WHERE project = ?').all(move.from)
    for (const table of ['release', 'environment', 'deploy', 'tag', 'project_access'])
      this.#db.prepare(`DELETE FROM ${table} WHERE project = ?`).run(move.from)
    for (const table of ['project', 'added_project'])
      this.#db.prepare(`DELETE FROM ${table} WHERE name = ?`).run(move.from)
    return rows.map((row) => Number(row.id))
  }

  /** The files have followed. */
  done({ from }: Pick<Move, 'from'>): void {
    this.#db.prepare('DELETE FROM moving_project WHERE old_name = ?').run(from)
  }

  #begin({ from, to, userNames }: Move): void {
    this.#db.prepare('INSERT INTO moving_project VALUES (?, ?, ?)').run(from, to, JSON.stringify(userNames))
  }
}
