// One decision about who may do what: answered by the record of rights, and written down whatever the answer is.
import { nixString } from '../lib/nix-string.ts'
import { type Pusher, Refused } from '../records.ts'
import type { Judgement } from './people.ts'
import type { Action } from './rights.ts'
import type { State } from './state.ts'

/** Who asks, and from where. */
export interface Asker {
  readonly pusher: Pusher
  /** Address and port. */
  readonly peer: string
}

export interface Question {
  readonly action: Action
  /** Null: the receiver itself. */
  readonly project: string | null
  /** Null: the project as a whole. */
  readonly key: string | null
  /** What exactly, for the audit: a ref and a commit, a command, a socket. */
  readonly subject?: string
}

/** Whether they may; written to the audit. */
export function decide(state: State, asker: Asker, question: Question): Judgement {
  const { action, project, key, subject = null } = question
  const answer = state.people.judge(asker.pusher, action, project, key)
  const why = answer.allowed ? answer.is : `${answer.is}, needs ${answer.needs}`
  record(state, asker, { action, project, key, subject, allowed: answer.allowed, why })
  return answer
}

/** The same for what is no question of roles: `why` says what decided. */
export function record(
  state: State,
  { pusher, peer }: Asker,
  line: {
    readonly action: string
    readonly project: string | null
    readonly key: string | null
    readonly subject: string | null
    readonly allowed: boolean
    readonly why: string
  },
): void {
  state.audit.add({ who: pusher.name, fingerprint: pusher.fingerprint, origin: peer, ...line })
}

/** Throws Refused when they may not; written to the audit either way. */
export function permit(state: State, asker: Asker, question: Question): void {
  const answer = decide(state, asker, question)
  if (!answer.allowed) throw notPermitted(asker.pusher, question, answer)
}

/** The refusal for somebody who may see the project, but not do this. */
export function notPermitted({ name }: Pusher, { action, key, project }: Question, { is, needs }: Judgement): Refused {
  const what = `${doing[action] ?? action} ${key ?? project ?? 'the receiver'}`
  return new Refused(`no right to ${what}`, {
    headline: `${name} may not ${what}: that takes ${an(needs)}${is === 'nobody' ? '' : `, and this key is ${an(is)} there`}`,
    help: [
      project === null
        ? 'That is for administrators of the receiver.'
        : key === null
          ? 'An administrator of the receiver can give the role: ssh HOST help access'
          : `A maintainer can give the role: environments.${nixString(key)}.users in .hostenv/hostenv.nix, pushed to the canonical branch.`,
    ],
  })
}

const doing: Partial<Record<Action, string>> = {
  see: 'see',
  fetch: 'fetch from',
  logs: 'read the logs of',
  push: 'deploy to',
  force: 'take commits off',
  delete: 'delete',
  rollback: 'roll back',
  preview: 'change the life of',
  destroy: 'stop',
  cancel: 'cancel a deploy to',
  run: 'run commands in',
  socket: 'reach sockets of',
  grant: 'change who may do what in',
  audit: 'read the audit of',
}

function an(role: string): string {
  return `${role === 'administrator' ? 'an' : 'a'} ${role}`
}
