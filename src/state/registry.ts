// Who may log in and who is what in which project, as administrators said by word. The configuration file stands beside it, and
// wins where both say something (src/reload.ts).
import type { DatabaseSync } from 'node:sqlite'
import type { Role } from '../config/roles.ts'

export interface PersonRow {
  readonly name: string
  readonly administrator: boolean
}

export interface PersonKey {
  readonly fingerprint: string
  readonly name: string
  /** As in authorized_keys(5). */
  readonly line: string
}

export interface AccessRow {
  readonly project: string
  readonly name: string
  readonly role: Role
}

export class Registry {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  people(): PersonRow[] {
    const rows = this.#db.prepare('SELECT * FROM person ORDER BY name').all()
    return rows.map((row) => ({ name: String(row.name), administrator: row.administrator === 1 }))
  }

  person(name: string): PersonRow | null {
    return this.people().find((one) => one.name === name) ?? null
  }

  /** Adds a person, or changes whether they are an administrator. */
  setPerson(name: string, administrator: boolean): void {
    this.#db.prepare('INSERT OR REPLACE INTO person VALUES (?, ?)').run(name, administrator ? 1 : 0)
  }

  /** Removes a person with their keys and what they are in projects. */
  removePerson(name: string): void {
    for (const table of ['person', 'person_key', 'project_access'])
      this.#db.prepare(`DELETE FROM ${table} WHERE name = ?`).run(name)
  }

  keys(): PersonKey[] {
    return this.#db.prepare('SELECT * FROM person_key ORDER BY name, fingerprint').all() as unknown as PersonKey[]
  }

  key(fingerprint: string): PersonKey | null {
    return this.keys().find((one) => one.fingerprint === fingerprint) ?? null
  }

  addKey({ fingerprint, name, line }: PersonKey): void {
    this.#db.prepare('INSERT INTO person_key (fingerprint, name, line) VALUES (?, ?, ?)').run(fingerprint, name, line)
  }

  removeKey(fingerprint: string): void {
    this.#db.prepare('DELETE FROM person_key WHERE fingerprint = ?').run(fingerprint)
  }

  access(project: string): AccessRow[] {
    const sql = 'SELECT * FROM project_access WHERE project = ? ORDER BY name'
    return this.#db.prepare(sql).all(project) as unknown as AccessRow[]
  }

  roleOf(project: string, name: string): Role | null {
    return this.access(project).find((row) => row.name === name)?.role ?? null
  }

  /** Null takes it away. */
  setAccess(project: string, name: string, role: Role | null): void {
    if (role === null) this.#db.prepare('DELETE FROM project_access WHERE project = ? AND name = ?').run(project, name)
    else this.#db.prepare('INSERT OR REPLACE INTO project_access VALUES (?, ?, ?)').run(project, name, role)
  }

  addedProjects(): string[] {
    return this.#db
      .prepare('SELECT name FROM added_project ORDER BY name')
      .all()
      .map((row) => String(row.name))
  }

  addProject(name: string): void {
    this.#db.prepare('INSERT OR IGNORE INTO added_project VALUES (?)').run(name)
  }
}
