// What the words can do beside reading. Whoever may change environments implements `Verbs`.
import type { ProjectId, Pusher, Release, Since } from '../../records.ts'
import type { AdministrationVerbs } from './administration.ts'
import type { OneOffVerbs } from './one-off.ts'

/** Who asks for which environment, and where they read what happens. */
export interface Asked {
  readonly pusher: Pusher
  /** Address and port that they ask from. */
  readonly peer: string
  readonly project: ProjectId
  readonly key: string
  readonly tell: (text: string) => void | Promise<void>
  /** Aborts when they are gone. */
  readonly closed: AbortSignal
}

/** The end of a change: its deploy, and the release that is live now (null: none), or why nothing changed. */
export type Done =
  | { readonly ok: true; readonly deploy: number; readonly release: number | null }
  | { readonly ok: false; readonly deploy: number; readonly reason: string }

/** When a preview expires now (null: never), and in how many milliseconds; or why it cannot be renewed. */
export type Renewed =
  | { readonly ok: true; readonly expiresAt: string | null; readonly in: number | null }
  | { readonly ok: false; readonly reason: string }

export interface Verbs extends OneOffVerbs, AdministrationVerbs {
  /** What changed with a release since the one that was live before it; null where one of the two is not kept any more. */
  changes(release: Release): Promise<Since | null>
  /** Back to release `to`; null: to the one that was live before. */
  rollback(asked: Asked, to: number | null): Promise<Done>
  /** The live release anew; `pushed`: what was pushed last and only built. */
  redeploy(asked: Asked, pushed: boolean): Promise<Done>
  /** Services stop, everything else stays. `confirm`: the key, said once more. */
  pause(asked: Asked, confirm: string | null): Promise<Done>
  /** What was paused runs again. */
  wake(asked: Asked): Promise<Done>
  /** As when its branch is deleted. */
  destroy(asked: Asked, confirm: string | null): Promise<Done>
  /** A preview's time anew; `ttl`: another one than its pattern's. */
  renew(asked: Asked, ttl: string | null): Renewed | Promise<Renewed>
}
