// Who a key belongs to and what it may do: administrators by the operator's files, everybody else by a project's policy.
import type { EnvironmentManifest, Manifest, ProjectId, Pusher } from '../records.ts'
import { previewOf } from './previews.ts'
import type { Projects } from './projects.ts'

/** Answers the `SHA256:…` fingerprint of a line as in authorized_keys(5), or null when it is no key. */
export type Fingerprint = (line: string) => string | null

export class People {
  readonly #projects: Projects
  readonly #fingerprint: Fingerprint
  #admins = new Map<string, string>()
  #others = new Map<string, string>()

  constructor(projects: Projects, fingerprint: Fingerprint) {
    this.#projects = projects
    this.#fingerprint = fingerprint
    this.refresh()
  }

  /** @param admins fingerprint → name */
  setAdmins(admins: ReadonlyMap<string, string>): void {
    this.#admins = new Map(admins)
  }

  /** Reads all policies again; called when one changed. */
  refresh(): void {
    this.#others = new Map(this.#projects.all().flatMap(({ policy }) => this.#grants(policy)))
  }

  /** The owner of a key, or null for a key that nobody here knows. */
  identify(fingerprint: string): Pusher | null {
    const admin = this.#admins.get(fingerprint)
    if (admin !== undefined) return { name: admin, fingerprint, admin: true }
    const name = this.#others.get(fingerprint)
    return name === undefined ? null : { name, fingerprint, admin: false }
  }

  /** Projects that a person may see and read. */
  accessible(pusher: Pusher): ProjectId[] {
    return this.#projects
      .all()
      .filter((project) => this.#mayRead(pusher, project.policy))
      .map(({ name }) => ({ organisation: name.split('/')[0] ?? '', project: name.split('/')[1] ?? '' }))
  }

  /** Whether a person may see this project; an administrator may also make one that does not exist. */
  mayEnter(pusher: Pusher, project: string): boolean {
    if (this.#admins.has(pusher.fingerprint)) return true
    const policy = this.#projects.get(project)?.policy
    return policy !== undefined && this.#mayRead(pusher, policy)
  }

  /** Whether a person may deploy to an environment of a policy. Only administrators may where there is no policy yet. */
  mayDeploy(pusher: Pusher, policy: Manifest | null, key: string): boolean {
    if (this.#admins.has(pusher.fingerprint)) return true
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

  #mayRead(pusher: Pusher, policy: Manifest): boolean {
    return this.#admins.has(pusher.fingerprint) || grantors(policy).some((one) => this.#isOf(pusher, one))
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
