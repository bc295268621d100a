// Tags that release a commit: which environments claim a name, and which commit each released one is bound to, for ever.
import type { DatabaseSync } from 'node:sqlite'
import { matches } from '../lib/pattern.ts'
import type { Manifest, Oid } from '../records.ts'

/** The enabled environments whose `releaseTags` a tag's name matches. */
export function claimedBy(policy: Manifest, tag: string): string[] {
  const all = Object.entries(policy.environments)
  return all.flatMap(([key, { enable, releaseTags }]) =>
    enable && releaseTags !== null && matches(releaseTags, tag) ? [key] : [],
  )
}

export class Tags {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  /** The commit of a tag that was released, or null. */
  commitOf(project: string, tag: string): Oid | null {
    const sql = 'SELECT commit_oid FROM tag WHERE project = ? AND name = ?'
    return (this.#db.prepare(sql).get(project, tag) as { commit_oid: Oid } | undefined)?.commit_oid ?? null
  }

  /** Binds a tag to the commit that it releases. Throws when it is bound to another one. */
  bind(project: string, tag: string, commit: Oid): void {
    const sql = 'INSERT INTO tag (project, name, commit_oid, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING'
    this.#db.prepare(sql).run(project, tag, commit, new Date().toISOString())
    const bound = this.commitOf(project, tag)
    if (bound !== commit) throw new Error(`the tag ${tag} of ${project} was released as ${bound}`)
  }
}
