// Accepted projects, their policy, and the source trees that are in the store already.
import type { DatabaseSync } from 'node:sqlite'
import type { Manifest, Oid } from '../records.ts'
import { storedPolicy } from './stored-policy.ts'

export interface ProjectRow {
  readonly name: string
  readonly policyCommit: Oid
  readonly policy: Manifest
}

/** A source tree that is, or was, in the store. */
export interface StoredTree {
  readonly tree: Oid
  readonly storePath: string
  /** As an archive; 0 where nobody looked. */
  readonly bytes: number
}

export class Projects {
  readonly #db: DatabaseSync
  /** Policies as they were last read: the same text is the same policy, whoever wrote it. */
  readonly #read = new Map<string, { readonly text: string; readonly policy: Manifest }>()

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  get(name: string): ProjectRow | null {
    const row = this.#db.prepare('SELECT * FROM project WHERE name = ?').get(name) as Stored | undefined
    return row ? this.#toRow(row) : null
  }

  /** Whether the policy in force declares a key; also one that was a preview once. */
  declares(name: string, key: string): boolean {
    return Object.hasOwn(this.get(name)?.policy.environments ?? {}, key)
  }

  all(): ProjectRow[] {
    return (this.#db.prepare('SELECT * FROM project ORDER BY name').all() as unknown as Stored[]).map((row) =>
      this.#toRow(row),
    )
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

  /** @param bytes what it has as an archive */
  rememberTree(tree: Oid, storePath: string, bytes: number): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO tree (tree, store_path, bytes) VALUES (?, ?, ?)')
      .run(tree, storePath, bytes)
  }

  /** The tree of a project's newest release, as it was put into the store; null where there is none. */
  lastTree(name: string): StoredTree | null {
    const sql = `SELECT t.tree, t.store_path AS storePath, coalesce(t.bytes, 0) AS bytes FROM release r JOIN tree t ON t.tree = r.tree
      WHERE r.project = ? ORDER BY r.deploy DESC LIMIT 1`
    return (this.#db.prepare(sql).get(name) as unknown as StoredTree | undefined) ?? null
  }

  // Nobody changes a policy in place, so all may have the same one.
  #toRow({ name, policy_commit: policyCommit, policy: text }: Stored): ProjectRow {
    let read = this.#read.get(name)
    if (read?.text !== text) {
      read = { text, policy: storedPolicy(text) }
      this.#read.set(name, read)
    }
    return { name, policyCommit, policy: read.policy }
  }
}

interface Stored {
  readonly name: string
  readonly policy_commit: string
  readonly policy: string
}
