// Every decision about who may do what, allowed or refused; the newest are kept.
import type { DatabaseSync } from 'node:sqlite'

export interface AuditLine {
  readonly id: number
  /** ISO 8601, UTC. */
  readonly at: string
  readonly who: string
  /** `SHA256:…` */
  readonly fingerprint: string
  /** Address and port of the client. */
  readonly origin: string
  readonly action: string
  /** `organisation/project`, or null where it is about the receiver. */
  readonly project: string | null
  readonly key: string | null
  /** What exactly: a ref and a commit, a command, a socket. */
  readonly subject: string | null
  readonly allowed: boolean
  readonly why: string
}

export interface AuditQuestion {
  /** Null: of everything. */
  readonly project: string | null
  readonly key: string | null
  readonly lines: number
}

/** Lines between two prunings: so many more than allowed may be there. */
const SLACK = 256
/** Characters that are kept of a subject: it is the client's. */
const LONGEST = 500

export class Audit {
  readonly #db: DatabaseSync
  /** How many lines are kept; the oldest go. */
  most = 100_000

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  add(line: Omit<AuditLine, 'id' | 'at'>): void {
    const { who, fingerprint, origin, action, project, key, allowed, why } = line
    const { lastInsertRowid } = this.#db
      .prepare(
        `INSERT INTO audit (at, who, fingerprint, origin, action, project, key, subject, allowed, why)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        ...[new Date().toISOString(), who, fingerprint, origin, action, project, key],
        ...[line.subject?.slice(0, LONGEST) ?? null, allowed ? 1 : 0, why],
      )
    const id = Number(lastInsertRowid)
    if (id % SLACK === 0) this.#db.prepare('DELETE FROM audit WHERE id <= ?').run(id - this.most)
  }

  /** The newest lines, newest first. */
  list({ project, key, lines }: AuditQuestion): AuditLine[] {
    const rows = this.#db
      .prepare(
        'SELECT * FROM audit WHERE (?1 IS NULL OR project = ?1) AND (?2 IS NULL OR key = ?2) ORDER BY id DESC LIMIT ?3',
      )
      .all(project, key, lines)
    return rows.map((row) => ({ ...(row as unknown as AuditLine), allowed: row.allowed === 1 }))
  }
}
