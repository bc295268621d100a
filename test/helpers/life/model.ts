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
  | { readonly kind: 'wake'; readonly key: string }

interface Change {
  readonly kind: Op['kind'] | 'pause' | 'stop'
  readonly release: number | null
  readonly before: number | null
}

interface Release {
  readonly n: number
  collected: boolean
  readonly commit: string
}

export interface Environment {
  live: number | null
  /** What comes back when it is woken. */
  wakes: number | null
  /** Hours: when a preview expires, and when all of it goes. */
  expires: number
  goes: number
  readonly releases: Release[]
  readonly changes: Change[]
}

/** Hours, as the history's patterns and the receiver's settings have them. */
const ttl = 48
const grace = 72

export class Model {
  /** Hours since the beginning. */
  now = 0
  policy = false
  readonly refs = new Map<string, string>()
  readonly tags = new Map<string, string>()
  readonly environments = new Map<string, Environment>()
  readonly #commits: readonly Commit[]
  readonly #kept: number

  /** @param kept how many releases of an environment are kept */
  constructor(commits: readonly Commit[], kept: number) {
    this.#commits = commits
    this.#kept = kept
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
    if (op.kind === 'wake') return environment?.wakes == null ? 'not paused' : null
    const target = op.to ?? (environment ? before(environment) : null)
    if (target === null) return 'no release before'
    if (target === environment?.live) return 'live already'
    const release = environment?.releases.find(({ n }) => n === target)
    return release === undefined ? 'no such release' : release.collected ? 'collected' : null
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
    if (op.kind === 'push') {
      this.#move(op)
      return
    }
    const environment = this.environments.get(op.key)!
    if (op.kind === 'wake') {
      this.#live(op.key, environment, environment.wakes!)
      return
    }
    const target = op.kind === 'redeploy' ? environment.live : (op.to ?? before(environment))
    this.#release(op.key, op.kind, environment.releases.find(({ n }) => n === target)!.commit)
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
    const none = { live: null, wakes: null, expires: Infinity, goes: Infinity, releases: [], changes: [] }
    const environment = this.environments.get(key) ?? none
    this.environments.set(key, environment)
    const n = environment.releases.length + 1
    environment.changes.push({ kind, release: n, before: environment.live })
    environment.releases.push({ n, commit, collected: false })
    this.#live(key, environment, n)
  }

  #live(key: string, environment: Environment, n: number): void {
    const expires = isPreview(key) ? this.now + ttl : Infinity
    Object.assign(environment, { live: n, wakes: null, expires, goes: Infinity })
    this.#collect(environment)
  }

  // After each change: the newest are kept, and what is live or would wake, and what one goes back to.
  #collect(environment: Environment): void {
    const { live, wakes, releases } = environment
    for (const release of releases.slice(0, -this.#kept))
      if (![live, wakes, before(environment)].includes(release.n)) release.collected = true
  }

  /** Time passes: a preview is paused first, and gone with its branch after the grace period. */
  pass(hours: number): void {
    this.now += hours
    this.#expire()
    for (const [key, { live, goes }] of this.environments) {
      if (live !== null || goes > this.now) continue
      this.environments.delete(key)
      this.refs.delete(`refs/heads/${key}`)
    }
  }

  #expire(): void {
    for (const environment of this.environments.values()) {
      const { live, expires, changes } = environment
      if (live === null || expires > this.now) continue
      changes.push({ kind: 'pause', release: null, before: live })
      Object.assign(environment, { live: null, wakes: live, goes: this.now + grace })
      this.#collect(environment)
    }
  }

  #stop(key: string): void {
    const environment = this.environments.get(key)
    if (!environment) return
    environment.changes.push({ kind: 'stop', release: null, before: environment.live })
    const goes = isPreview(key) ? this.now + grace : Infinity
    Object.assign(environment, { live: null, wakes: null, expires: Infinity, goes })
    this.#collect(environment)
  }
}

function isPreview(key: string): boolean {
  return key.startsWith('feature/')
}

/**
 * The release that was live before the present one; one that was only activated anew is what it was, one that is paused is as good
 * as live, and of what is stopped it is the last that was live.
 */
function before({ live, wakes, changes }: Environment): number | null {
  const madeBy = (n: number | null) => changes.find(({ release }) => release === n && release !== null)
  const present = live ?? wakes
  let change =
    present === null ? changes.findLast((one) => one.release === null && one.before !== null) : madeBy(present)
  while (change?.kind === 'redeploy') change = madeBy(change.before)
  return change?.before ?? null
}
