// What administrators do by word: people, their keys, projects, and what was decided. Each throws Refused.
import type { Role } from '../../config/roles.ts'
import type { AuditLine } from '../../state/audit.ts'
import type { Asked } from './verbs.ts'

/** Who asks, and where they read what happens. */
export type Administrator = Pick<Asked, 'pusher' | 'peer' | 'tell' | 'closed'>

/** Where something was said: in the configuration file (or by a flag), or by word. */
export type Source = 'file' | 'word'

export interface UserView {
  readonly name: string
  readonly administrator: boolean
  readonly keys: number
  readonly source: Source
}

export interface KeyView {
  readonly fingerprint: string
  readonly user: string
  /** The comment of its line, or the file that it is in. */
  readonly comment: string
  readonly source: Source
}

export interface AccessView {
  readonly project: string
  readonly user: string
  /** `production=viewer testing=deployer …` where they differ. */
  readonly role: string
  readonly source: Source
}

export interface ProjectView {
  readonly project: string
  /** Null before its first push. */
  readonly commit: string | null
  readonly environments: number
}

/** `from`: address and port of the client. */
export type AuditView = Omit<AuditLine, 'id' | 'origin'> & { readonly from: string }

export interface AdministrationVerbs {
  users(who: Administrator): readonly UserView[]
  addUser(who: Administrator, name: string, administrator: boolean): void
  removeUser(who: Administrator, name: string): void
  /** `user` null: everybody's. */
  keys(who: Administrator, user: string | null): readonly KeyView[]
  addKey(who: Administrator, user: string, line: string): KeyView
  removeKey(who: Administrator, fingerprint: string): KeyView
  access(who: Administrator, project: string): readonly AccessView[]
  /** `role` null takes it away. */
  setAccess(who: Administrator, project: string, user: string, role: Role | null): void
  projects(who: Administrator): readonly ProjectView[]
  /** Answers its name as it is written from now on. */
  addProject(who: Administrator, project: string): string
  renameProject(who: Administrator, from: string, to: string): Promise<void>
  /** What goes is told; it goes where `confirm` is the project's name. */
  removeProject(who: Administrator, project: string, confirm: string | null): Promise<void>
  /** Newest first. Null: of everything. */
  audit(who: Administrator, project: string | null, key: string | null, lines: number): readonly AuditView[]
}
