// Everything the receiver remembers, behind one door.
import type { DatabaseSync } from 'node:sqlite'
import { Audit } from './audit.ts'
import { openDatabase, transaction } from './database.ts'
import { Deploys } from './deploys.ts'
import { Environments } from './environments.ts'
import { Evaluations } from './evaluations.ts'
import { Lifetimes } from './lifetimes.ts'
import { Moves } from './moves.ts'
import { type Fingerprint, People } from './people.ts'
import { Projects } from './projects.ts'
import { Registry } from './registry.ts'
import { Tags } from './tags.ts'

export class State implements Disposable {
  readonly deploys: Deploys
  readonly environments: Environments
  readonly lifetimes: Lifetimes
  readonly projects: Projects
  readonly people: People
  readonly audit: Audit
  readonly registry: Registry
  readonly moves: Moves
  readonly evaluations: Evaluations
  readonly tags: Tags
  readonly #db: DatabaseSync

  /** @param db an open database (openReadOnly), default: that of `stateDir`, opened and brought up to date */
  constructor(stateDir: string, fingerprint: Fingerprint, db = openDatabase(stateDir)) {
    this.#db = db
    this.deploys = new Deploys(this.#db)
    this.environments = new Environments(this.#db)
    this.lifetimes = new Lifetimes(this.#db)
    this.projects = new Projects(this.#db)
    this.tags = new Tags(this.#db)
    this.evaluations = new Evaluations(this.#db)
    this.people = new People(this.projects, fingerprint)
    this.audit = new Audit(this.#db)
    this.registry = new Registry(this.#db)
    this.moves = new Moves(this.#db)
  }

  /** Runs `work` so that all of it is on disk afterwards, or none. */
  atomically<T>(work: () => T): T {
    return transaction(this.#db, work)
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }
}
