// Accepted projects, their policy, and the source trees that are in the store already.
import type { DatabaseSync } from 'node:sqlite'
import type { Manifest, Oid } from '../records.ts'
import { storedPolicy } from './stored-policy.ts'

export interface ProjectRow {
  readonly name: string
  readonly policyCommit: Oid
  readonly policy: Manifest
}

export class Projects {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  get(name: string): ProjectRow | null {
    const row = this.#db.prepare('SELECT * FROM project WHERE name = ?').get(name) as Stored | undefined
    return row ? toRow(row) : null
  }

  /** Whether the policy in force declares a key; also one that was a preview once. */
  declares(name: string, key: string): boolean {
    return Object.hasOwn(this.get(name)?.policy.environments ?? {}, key)
  }

  all(): ProjectRow[] {
    return (this.#db.prepare('SELECT * FROM project ORDER BY name').all() as unknown as Stored[]).map(toRow)
  }

  /** Makes `policy` what the project's canonical branch says. */
  setPolicy(name: string, commit: Oid, policy: Manifest): void {
    this.#db
      .prepare(
        `INSERT INTO project (name, policy_commit, policy) VALUES (?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET policy_commit = excluded.policy_commit, policy = excluded.policy`,
      )
      .run(name, commit, JSON.stringify(policy))
  }

  /** Whether a project was made by word. */
  isAdded(name: string): boolean {
    return this.#db.prepare('SELECT 1 FROM added_project WHERE name = ?').get(name) !== undefined
  }

  treePath(tree: Oid): string | null {
    const row = this.#db.prepare('SELECT store_path FROM tree WHERE tree = ?').get(tree) as
      | { store_path: string }
      | undefined
    return row?.store_path ?? null
  }

  rememberTree(tree: Oid, storePath: string): void {
    this.#db.prepare('INSERT OR REPLACE INTO tree VALUES (?, ?)').run(tree, storePath)
  }
}

interface Stored {
  readonly name: string
  readonly policy_commit: string
  readonly policy: string
}

function toRow(row: Stored): ProjectRow {
  return { name: row.name, policyCommit: row.policy_commit, policy: storedPolicy(row.policy) }
}
