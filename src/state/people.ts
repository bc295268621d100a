// Who a key belongs to and what it may do: by what the operator says (config/), and by each project's policy.
import { type Access, type Level, levelOf, roleName } from '../config/roles.ts'
import { ownValue } from '../lib/own-value.ts'
import { projectId } from '../lib/repositories.ts'
import type { EnvironmentManifest, Manifest, ProjectId, Pusher } from '../records.ts'
import { previewOf } from './previews.ts'
import type { Projects } from './projects.ts'
import { type Action, actions, guardOf, needed, typeOf } from './rights.ts'

/** Answers the `SHA256:…` fingerprint of a line as in authorized_keys(5), or null when it is no key. */
export type Fingerprint = (line: string) => string | null

/** What the operator says about people. */
export interface Operators {
  /** By fingerprint. */
  readonly users: ReadonlyMap<string, { readonly user: string; readonly administrator: boolean }>
  /** What a user is in a project beside what its policy says. */
  readonly access: (project: string, user: string) => Access | null
}

/** Who changed what people may do. */
export type By = 'operator' | 'policy'

/** The answer to one question of rights. */
export interface Judgement {
  readonly allowed: boolean
  /** What the person is there, and what it takes: `viewer`, `deployer`. */
  readonly is: string
  readonly needs: string
}

/** Whom a policy names, by fingerprint. */
interface Named {
  /** What they are there, by the `users` of an environment or a pattern. */
  readonly levels: ReadonlyMap<EnvironmentManifest['users'], ReadonlyMap<string, Level>>
  /** What they are called, wherever they are named. */
  readonly names: ReadonlyMap<string, string>
  /** The fingerprint of each line, or nothing where it is no key. */
  readonly lines: ReadonlyMap<string, string>
}

export class People {
  readonly #projects: Projects
  readonly #fingerprint: Fingerprint
  readonly #listeners = new Set<(by: By) => void>()
  #operators: Operators = { users: new Map(), access: () => null }
  #others = new Map<string, string>()
  /** Whom each project's policy names. */
  #named = new Map<string, Named['names']>()
  readonly #read = new WeakMap<Manifest, Named>()
  /** All lines of the policies in force. Reading a key takes longer than all the rest, so a commit reads only those that are new. */
  #lines: Named['lines'] = new Map()

  constructor(projects: Projects, fingerprint: Fingerprint) {
    this.#projects = projects
    this.#fingerprint = fingerprint
    this.refresh()
  }

  setOperators(operators: Operators): void {
    this.#operators = operators
    this.#tell('operator')
  }

  /** Reads all policies again; called when one changed. */
  refresh(): void {
    const all = this.#projects.all().map(({ name, policy }) => ({ name, ...this.#namedIn(policy) }))
    this.#others = new Map(all.flatMap(({ names }) => [...names]))
    this.#named = new Map(all.map(({ name, names }) => [name, names]))
    this.#lines = new Map(all.flatMap(({ lines }) => [...lines]))
    this.#tell('policy')
  }

  /** Calls back whenever somebody's rights may have changed; answers how to take that back. */
  onChange(listener: (by: By) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** The owner of a key, or null for a key that nobody here knows. */
  identify(fingerprint: string): Pusher | null {
    const known = this.#operators.users.get(fingerprint)
    if (known !== undefined) return { name: known.user, fingerprint, admin: known.administrator }
    const name = this.#others.get(fingerprint)
    return name === undefined ? null : { name, fingerprint, admin: false }
  }

  /** What counts as one pusher: a user of the operator with all keys, or one key that a project named. */
  account({ fingerprint }: Pick<Pusher, 'fingerprint'>): string {
    return this.#operators.users.get(fingerprint)?.user ?? fingerprint
  }

  /** Projects that a person may see and read. */
  accessible(pusher: Pusher): ProjectId[] {
    return this.#projects
      .all()
      .filter(({ name }) => this.may(pusher, 'see', name, null))
      .map(({ name }) => projectId(name))
  }

  /** Whether a person may see this project; who may make its first push may come in when it does not exist. */
  mayEnter(pusher: Pusher, project: string): boolean {
    if (this.#isStranger(pusher, project)) return false
    const known = this.#projects.get(project) !== null
    return this.may(pusher, known ? 'see' : 'push', project, null)
  }

  /** The one answer to who may do what: to an environment, to a project (`key` null), or to the receiver (`project` null). */
  may(pusher: Pusher, action: Action, project: string | null, key: string | null): boolean {
    return this.judge(pusher, action, project, key).allowed
  }

  /** The answer of `may`, with its reason. */
  judge(pusher: Pusher, action: Action, project: string | null, key: string | null): Judgement {
    if (project === null) return this.#ofReceiver(pusher)
    if (this.#isStranger(pusher, project))
      return { allowed: false, is: roleName(0), needs: roleName(levelOf(actions[action])) }
    const policy = this.#projects.get(project)?.policy ?? null
    const level = this.#level(pusher, project, policy, key)
    const least = this.#needed(action, project, policy, key)
    return { allowed: level >= least, is: roleName(level), needs: roleName(least) }
  }

  // Known before the project is looked at: that it is there, and how much it says, shows in no time that an answer takes.
  #isStranger({ fingerprint }: Pusher, project: string): boolean {
    const known = this.#operators.users.get(fingerprint)
    if (known?.administrator === true || this.#named.get(project)?.has(fingerprint) === true) return false
    return known === undefined || this.#operators.access(project, known.user) === null
  }

  #ofReceiver({ fingerprint }: Pusher): Judgement {
    const allowed = this.#operators.users.get(fingerprint)?.administrator === true
    return { allowed, is: allowed ? 'administrator' : 'nobody', needs: 'administrator' }
  }

  // Until there is a policy nobody but an administrator may do anything; a maintainer may push to a project that was added.
  #needed(action: Action, project: string, policy: Manifest | null, key: string | null): Level {
    if (policy !== null) return needed(action, guardOf(policy, key))
    return levelOf(action === 'push' && this.#projects.isAdded(project) ? 'maintainer' : 'administrator')
  }

  #level(pusher: Pusher, project: string, policy: Manifest | null, key: string | null): Level {
    const byOperator = this.#byOperator(pusher, project, policy, key)
    if (policy === null) return byOperator
    return Math.max(byOperator, this.#byPolicy(pusher, policy, key)) as Level
  }

  #byOperator({ fingerprint }: Pusher, project: string, policy: Manifest | null, key: string | null): Level {
    const known = this.#operators.users.get(fingerprint)
    if (known === undefined) return 0
    if (known.administrator) return levelOf('administrator')
    const access = this.#operators.access(project, known.user)
    if (access === null) return 0
    const type = key === null ? null : typeOf(policy, key)
    // For the project as a whole the least of them counts.
    if (type === null) return Math.min(...Object.values(access).map(levelOf)) as Level
    return levelOf(access[type])
  }

  // A preview is for the users of the environment that it extends, and for those whom its pattern names. Whom a policy names
  // anywhere may see all of the project.
  #byPolicy(pusher: Pusher, policy: Manifest, key: string | null): Level {
    const preview = key === null ? null : previewOf(policy, key)
    const from = preview === null ? [declared(policy, key)] : [preview, declared(policy, preview.extends)]
    const { levels, names } = this.#namedIn(policy)
    const own = Math.max(...from.map((one) => (one && levels.get(one.users)?.get(pusher.fingerprint)) ?? 0))
    return (own > 0 ? own : names.has(pusher.fingerprint) ? levelOf('viewer') : 0) as Level
  }

  #namedIn(policy: Manifest): Named {
    const before = this.#read.get(policy)
    if (before !== undefined) return before
    const levels = new Map<EnvironmentManifest['users'], Map<string, Level>>()
    const [names, lines] = [new Map<string, string>(), new Map<string, string>()]
    for (const { users } of grantors(policy)) {
      const here = new Map<string, Level>()
      levels.set(users, here)
      for (const [name, { publicKeys, role }] of Object.entries(users))
        for (const line of publicKeys) {
          const found = lines.get(line) ?? this.#lines.get(line) ?? this.#fingerprint(line) ?? ''
          lines.set(line, found)
          if (found === '') continue
          names.set(found, name)
          here.set(found, Math.max(levelOf(role), here.get(found) ?? 0) as Level)
        }
    }
    const named = { levels, names, lines }
    this.#read.set(policy, named)
    return named
  }

  #tell(by: By): void {
    for (const listener of [...this.#listeners]) listener(by)
  }
}

function declared(policy: Manifest, key: string | null): EnvironmentManifest | undefined {
  return key === null ? undefined : ownValue(policy.environments, key)
}

// Everything of a policy that names users.
function grantors(policy: Manifest): Pick<EnvironmentManifest, 'users'>[] {
  return [...Object.values(policy.environments), ...Object.values(policy.previews)]
}
