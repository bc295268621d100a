// What the front door reads of the record: over a connection of its own, which only reads, because it runs in a thread of its own.
import type { DatabaseSync } from 'node:sqlite'
import type { Manifest } from '../records.ts'
import { openReadOnly } from './database.ts'
import { Environments } from './environments.ts'
import { storedPolicy } from './stored-policy.ts'

export class RouteView implements Disposable {
  readonly environments: Environments
  readonly #db: DatabaseSync
  readonly #version: () => unknown
  readonly #policy: (project: string) => unknown
  /** A policy changes seldom, and other things of the record all the time. */
  readonly #parsed = new Map<string, { readonly json: string; readonly policy: Manifest }>()

  /** Throws when there is no record in `stateDir`. */
  constructor(stateDir: string) {
    this.#db = openReadOnly(stateDir)
    this.environments = new Environments(this.#db)
    const version = this.#db.prepare('PRAGMA data_version')
    this.#version = () => version.get()?.data_version
    const policy = this.#db.prepare('SELECT policy FROM project WHERE name = ?')
    this.#policy = (project) => policy.get(project)?.policy
  }

  /** Another number after each commit of anybody else (SQLite: `PRAGMA data_version`): what was read before may be stale then. */
  get version(): number {
    return Number(this.#version())
  }

  /** The policy of a project, or null. */
  policy(project: string): Manifest | null {
    const json = this.#policy(project)
    if (typeof json !== 'string') {
      this.#parsed.delete(project)
      return null
    }
    const known = this.#parsed.get(project)
    if (known?.json === json) return known.policy
    const policy = storedPolicy(json)
    this.#parsed.set(project, { json, policy })
    return policy
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }
}
