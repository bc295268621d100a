// What evaluations answered, by everything that they depended on.
import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { transaction } from './database.ts'

/** Answers that are kept; those that were not asked for the longest go first. */
const kept = 500

export class Evaluations {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  /** The answer to a question, which is anything that JSON can say; null where it was never given. */
  get(question: unknown): string | null {
    const id = idOf(question)
    const row = this.#db.prepare('SELECT answer FROM evaluation WHERE id = ?').get(id) as { answer: string } | undefined
    if (row === undefined) return null
    // To the hour is enough, and most questions need not wait for the disk.
    const [now, hourAgo] = [0, 3_600_000].map((past) => new Date(Date.now() - past).toISOString()) as [string, string]
    this.#db.prepare('UPDATE evaluation SET used_at = ? WHERE id = ? AND used_at < ?').run(now, id, hourAgo)
    return row.answer
  }

  /** Keeps answers to questions. */
  set(answers: readonly (readonly [question: unknown, answer: string])[]): void {
    const now = new Date().toISOString()
    transaction(this.#db, () => {
      for (const [question, answer] of answers)
        this.#db
          .prepare('INSERT OR REPLACE INTO evaluation (id, answer, used_at) VALUES (?, ?, ?)')
          .run(idOf(question), answer, now)
      this.#db
        .prepare('DELETE FROM evaluation WHERE id NOT IN (SELECT id FROM evaluation ORDER BY used_at DESC LIMIT ?)')
        .run(kept)
    })
  }
}

function idOf(question: unknown): string {
  return createHash('sha256').update(JSON.stringify(question)).digest('hex')
}
