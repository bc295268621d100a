// The judgement on a push as a whole, before any of it is kept: all or nothing, from what is known without Nix.
import { isZero } from '../lib/oid.ts'
import type { RefUpdate } from '../records.ts'
import { parseCommand, refProblem } from './ref-name.ts'
import type { WireHead } from './wire.ts'

/**
 * Compares what the client sent with what git tells pre-receive, and checks every name.
 * @returns sentences for the pusher; empty when the push may go on
 */
export function judgePush(head: WireHead, hookInput: string, limits: { refsPerPush: number }): string[] {
  if (head.problem) return [`Refused: ${head.problem}.`]
  const { commands } = head
  if (commands.length > limits.refsPerPush)
    return [
      `Refused: this push updates ${commands.length} refs; at most ${limits.refsPerPush} are taken at once.`,
      'Push fewer at a time: git push hostenv BRANCH',
    ]
  const problems = commands.flatMap((command) => {
    const problem =
      refProblem(command.ref) ?? (isZero(command.old) && isZero(command.new) ? 'it deletes what is not there' : null)
    return problem ? [`Refused: ${quoted(command.ref)}: ${problem}.`] : []
  })
  if (problems.length > 0) return problems
  if (new Set(commands.map((command) => command.ref)).size < commands.length)
    return ['Refused: one ref is named twice.']
  return agrees(commands, hookInput) ? [] : ['Refused: git reads the list of refs in another way than it was sent.']
}

// A name may be as long as its pkt-line; people need the start of it.
function quoted(ref: string): string {
  return JSON.stringify(ref.length > 80 ? `${ref.slice(0, 79)}…` : ref)
}

// A name with a newline would show up as two lines here. git leaves out what it refused itself, so this is a subset.
function agrees(commands: readonly RefUpdate[], hookInput: string): boolean {
  const sent = new Set(commands.map((command) => `${command.old} ${command.new} ${command.ref}`))
  const lines = hookInput.split('\n').filter((line) => line !== '')
  return lines.length > 0 && lines.every((line) => parseCommand(line) !== null && sent.has(line))
}
