// What happens during a deploy, as the stages tell it and the sinks render it. Part of records.ts, in a file of its own for its length.
import type { EnvironmentType, Oid, Refused, Since } from './records.ts'

/** Everything that happens during a deploy; sinks (sideband, record, log) render it. Text in here is raw and hostile. */
export type DeployEvent =
  /** What a commit says is read by Nix now: told first, so that whoever waits knows that something happens. */
  | { readonly type: 'evaluating'; readonly commit: Oid }
  | {
      readonly type: 'started'
      readonly project: string
      readonly commit: Oid
      readonly ref: string
      readonly key: string
      readonly kind: EnvironmentType
      /** The environment that this is a preview of. */
      readonly previewOf?: string
      /** Milliseconds that the preview lives after this; left out where it never expires. */
      readonly expiresIn?: number
    }
  /** An environment is about to change without a push: `text` says how. */
  | { readonly type: 'change'; readonly project: string; readonly key: string; readonly text: string }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'warning'; readonly text: string }
  | { readonly type: 'build-plan'; readonly builds: number; readonly fetches: number; readonly cached: number }
  | { readonly type: 'build-started'; readonly name: string; readonly n: number; readonly total: number }
  | {
      readonly type: 'build-line'
      readonly name: string
      readonly n: number
      readonly total: number
      readonly line: string
    }
  /** What builds say from here on is not shown, but in the log. Said by the report itself. */
  | { readonly type: 'build-cut'; readonly bytes: number }
  | {
      readonly type: 'build-finished'
      readonly name: string
      readonly n: number
      readonly total: number
      readonly duration: number
    }
  | {
      readonly type: 'build-fetched'
      /** Store paths that are there by now. */
      readonly paths: number
      /** Bytes so far, and of all that Nix knows to come. */
      readonly bytes: number
      readonly expected: number
    }
  | {
      readonly type: 'build-failed'
      readonly name: string
      readonly how: string
      readonly tail: readonly string[]
      readonly gotHash?: string
    }
  | {
      readonly type: 'built'
      readonly duration: number
      readonly cached: boolean
      /** The release that it was built for, where nothing had to be asked of Nix. */
      readonly as?: string
      readonly closureBytes: number | null
      readonly since: Since | null
    }
  | { readonly type: 'waiting'; readonly text: string }
  | { readonly type: 'activating'; readonly release: number }
  | { readonly type: 'activate-line'; readonly line: string }
  | { readonly type: 'check'; readonly what: string; readonly result: string; readonly duration: number }
  | { readonly type: 'live'; readonly url: string; readonly release: number; readonly duration: number }
  /** Built and not activated; `release` is live, null: nothing is. */
  | { readonly type: 'kept'; readonly key: string; readonly release: number | null; readonly duration: number }
  | {
      readonly type: 'stopped'
      readonly key: string
      /** `purged`: nothing of it is left. */
      readonly how: 'paused' | 'purged' | 'stopped'
      /** When its data goes, ISO 8601; null: it is kept. */
      readonly goesAt: string | null
    }
  | {
      readonly type: 'refused'
      readonly headline: string
      readonly detail: readonly string[]
      readonly help: readonly string[]
    }
  | { readonly type: 'restored'; readonly release: number | null; readonly text: string }

/** Where a stage tells what happens. */
export type Emit = (event: DeployEvent) => void

/** The event that tells a refusal. */
export function refusedEvent({ headline, detail, help }: Refused): DeployEvent {
  return { type: 'refused', headline, detail, help }
}
