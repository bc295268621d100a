// What should be so: the rules of refs, tags and releases, as small as they can be said. Nothing in here looks at the receiver.
import type { Commit } from './commits.ts'

export const zero = '0'.repeat(40)

export interface PushOp {
  readonly kind: 'push'
  readonly ref: string
  readonly old: string
  readonly new: string
  readonly by: number
  /** The environments that it names with `force=` and `confirm=`. */
  readonly sure: boolean
}

export type Op =
  | PushOp
  | { readonly kind: 'rollback'; readonly key: string; readonly to: number | null }
  | { readonly kind: 'redeploy'; readonly key: string }

interface Change {
  readonly kind: Op['kind']
  readonly release: number | null
  readonly before: number | null
}

interface Release {
  readonly n: number
  readonly commit: string
}

export interface Environment {
  live: number | null
  readonly releases: Release[]
  readonly changes: Change[]
}

export const declared = ['main', 'staging', 'live']

export class Model {
  policy = false
  readonly refs = new Map<string, string>()
  readonly tags = new Map<string, string>()
  readonly environments = new Map<string, Environment>()
  readonly #commits: readonly Commit[]

  constructor(commits: readonly Commit[]) {
    this.#commits = commits
  }

  /** The commit that an object is or leads to. */
  commit(oid: string): Commit {
    const found = this.#commits.find((one) => one.oid === oid || one.tag === oid)
    if (!found) throw new Error(`no commit ${oid}`)
    return found
  }

  ref(name: string): string {
    return this.refs.get(name) ?? zero
  }

  /** The key that a ref means once there is a policy. */
  keyOf(ref: string): string | null {
    const name = ref.replace(/^refs\/(heads|tags)\//, '')
    if (ref.startsWith('refs/tags/')) return name.startsWith('v') ? 'live' : null
    if (name === 'stable') return 'live'
    return name === 'main' || name === 'staging' || name.startsWith('feature/') ? name : null
  }

  /** Why an operation is refused, or null. */
  refusal(op: Op): string | null {
    if (op.kind === 'push') return op.new === zero ? this.#deletion(op) : this.#push(op)
    const environment = this.environments.get(op.key)
    if (op.kind === 'redeploy') return environment?.live == null ? 'nothing is live' : null
    const target = op.to ?? (environment ? before(environment) : null)
    if (target === null) return 'no release before'
    if (target === environment?.live) return 'live already'
    return environment?.releases.some(({ n }) => n === target) ? null : 'no such release'
  }

  #deletion({ ref, old, sure }: PushOp): string | null {
    if (ref === 'refs/heads/main') return 'the canonical branch'
    if (this.tags.has(ref)) return 'a released tag'
    if (this.policy && ref === 'refs/heads/stable' && !sure) return 'production'
    return this.ref(ref) === old ? null : 'stale'
  }

  #push({ ref, old, new: value, sure }: PushOp): string | null {
    const key = this.keyOf(ref)
    const { oid, contains } = this.commit(value)
    const cur = this.ref(ref)
    if (!this.policy && ref !== 'refs/heads/main') return 'no policy'
    if (key === null) return 'means nothing'
    if (ref.startsWith('refs/tags/')) {
      if ((this.tags.get(ref) ?? oid) !== oid) return 'bound to another commit'
      if (!this.environments.get('main')?.releases.some(({ commit }) => commit === oid)) return 'never live in main'
    }
    const forward = cur === zero || contains.has(this.commit(cur).oid)
    if (key === 'live' && !forward && !sure) return 'not a fast-forward'
    if (cur === old) return null
    // What was set since by an earlier arrival, and led on from what the client saw, is no obstacle to what contains it.
    const ledOn = cur !== zero && (old === zero || this.commit(cur).contains.has(this.commit(old).oid))
    return ledOn && forward ? null : 'stale'
  }

  /** Does what was not refused. */
  apply(op: Op): void {
    if (op.kind === 'push') this.#move(op)
    else {
      const environment = this.environments.get(op.key)!
      const target = op.kind === 'redeploy' ? environment.live : (op.to ?? before(environment))
      this.#release(op.key, op.kind, environment.releases.find(({ n }) => n === target)!.commit)
    }
  }

  #move({ ref, new: value }: PushOp): void {
    const key = this.keyOf(ref)
    if (value === zero) {
      this.refs.delete(ref)
      if (key !== null) this.#stop(key)
      return
    }
    const { oid } = this.commit(value)
    this.refs.set(ref, value)
    if (ref === 'refs/heads/main') this.policy = true
    if (ref.startsWith('refs/tags/')) this.tags.set(ref, oid)
    this.#release(key ?? '', 'push', oid)
  }

  #release(key: string, kind: Op['kind'], commit: string): void {
    const environment = this.environments.get(key) ?? { live: null, releases: [], changes: [] }
    this.environments.set(key, environment)
    const n = environment.releases.length + 1
    environment.changes.push({ kind, release: n, before: environment.live })
    environment.releases.push({ n, commit })
    environment.live = n
  }

  #stop(key: string): void {
    const environment = this.environments.get(key)
    if (!environment) return
    environment.changes.push({ kind: 'push', release: null, before: environment.live })
    environment.live = null
  }
}

/** The release that was live before the present one; one that was only activated anew is what it was. */
function before({ changes }: Environment): number | null {
  let change = changes.at(-1)
  while (change?.kind === 'redeploy') {
    const anew = change.before
    change = changes.find(({ release }) => release === anew)
  }
  return change?.before ?? null
}
