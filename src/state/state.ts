// Everything the receiver remembers, behind one door.
import type { DatabaseSync } from 'node:sqlite'
import { openDatabase, transaction } from './database.ts'
import { Deploys } from './deploys.ts'
import { Environments } from './environments.ts'
import { type Fingerprint, People } from './people.ts'
import { Projects } from './projects.ts'

export class State implements Disposable {
  readonly deploys: Deploys
  readonly environments: Environments
  readonly projects: Projects
  readonly people: People
  readonly #db: DatabaseSync

  constructor(stateDir: string, fingerprint: Fingerprint) {
    this.#db = openDatabase(stateDir)
    this.deploys = new Deploys(this.#db)
    this.environments = new Environments(this.#db)
    this.projects = new Projects(this.#db)
    this.people = new People(this.projects, fingerprint)
  }

  /** Runs `work` so that all of it is on disk afterwards, or none. */
  atomically<T>(work: () => T): T {
    return transaction(this.#db, work)
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }
}
