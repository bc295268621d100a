// Who a key belongs to and what it may do: by what the operator says (config/), and by each project's policy.
import type { Access } from '../config/file-schema.ts'
import { projectId } from '../lib/repositories.ts'
import type { EnvironmentManifest, Manifest, ProjectId, Pusher } from '../records.ts'
import { previewOf } from './previews.ts'
import type { Projects } from './projects.ts'

/** Answers the `SHA256:…` fingerprint of a line as in authorized_keys(5), or null when it is no key. */
export type Fingerprint = (line: string) => string | null

/** What the operator says about people. */
export interface Operators {
  /** By fingerprint. */
  readonly users: ReadonlyMap<string, { readonly user: string; readonly administrator: boolean }>
  /** What a user may do in a project beside what its policy allows. */
  readonly access: (project: string, user: string) => Access | null
}

export class People {
  readonly #projects: Projects
  readonly #fingerprint: Fingerprint
  #operators: Operators = { users: new Map(), access: () => null }
  #others = new Map<string, string>()

  constructor(projects: Projects, fingerprint: Fingerprint) {
    this.#projects = projects
    this.#fingerprint = fingerprint
    this.refresh()
  }

  setOperators(operators: Operators): void {
    this.#operators = operators
  }

  /** Reads all policies again; called when one changed. */
  refresh(): void {
    this.#others = new Map(this.#projects.all().flatMap(({ policy }) => this.#grants(policy)))
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
      .filter(({ name, policy }) => this.#mayRead(pusher, name, policy))
      .map(({ name }) => projectId(name))
  }

  /** Whether a person may see this project; who administers it may also make it when it does not exist. */
  mayEnter(pusher: Pusher, project: string): boolean {
    if (this.#access(pusher, project) === 'administer') return true
    const policy = this.#projects.get(project)?.policy
    return policy !== undefined && this.#mayRead(pusher, project, policy)
  }

  /** Whether a person may deploy to an environment of a policy. Only who administers the project may where there is no policy yet. */
  mayDeploy(pusher: Pusher, project: string, policy: Manifest | null, key: string): boolean {
    const access = this.#access(pusher, project)
    if (access === 'administer' || (access === 'push' && policy !== null)) return true
    if (policy === null) return false
    // A preview is for the users of the environment that it extends, and for those whom its pattern names.
    const preview = previewOf(policy, key)
    if (preview === null) return this.#isOf(pusher, policy.environments[key])
    return this.#isOf(pusher, preview) || this.#isOf(pusher, policy.environments[preview.extends])
  }

  #isOf(pusher: Pusher, environment: Pick<EnvironmentManifest, 'users'> | undefined): boolean {
    const users = Object.values(environment?.users ?? {})
    return users.some((user) => user.publicKeys.some((line) => this.#fingerprint(line) === pusher.fingerprint))
  }

  #access({ fingerprint }: Pusher, project: string): Access | null {
    const known = this.#operators.users.get(fingerprint)
    if (known === undefined) return null
    return known.administrator ? 'administer' : this.#operators.access(project, known.user)
  }

  #mayRead(pusher: Pusher, project: string, policy: Manifest): boolean {
    return this.#access(pusher, project) !== null || grantors(policy).some((one) => this.#isOf(pusher, one))
  }

  #grants(policy: Manifest): [string, string][] {
    return grantors(policy).flatMap((environment) =>
      Object.entries(environment.users).flatMap(([name, user]) =>
        user.publicKeys.flatMap((line): [string, string][] => {
          const fingerprint = this.#fingerprint(line)
          return fingerprint === null ? [] : [[fingerprint, name]]
        }),
      ),
    )
  }
}

// Everything of a policy that names users.
function grantors(policy: Manifest): Pick<EnvironmentManifest, 'users'>[] {
  return [...Object.values(policy.environments), ...Object.values(policy.previews ?? {})]
}
