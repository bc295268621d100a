// What an evaluation says of a tree, and whether it says so of every commit with that tree. The library makes Nix say when the
// commit's id is read (nix/lib/noted.nix); only then a second evaluation, as another commit, tells whether that matters.
import { type Oid, Refused } from '../records.ts'
import { type EvaluateContext, evaluate, type Question } from './evaluate.ts'
import { parseEvaluation } from './manifest-schema.ts'

export interface Said {
  /** What was printed. */
  readonly said: string
  /** What of it is another for another commit of the same tree: nothing, words such as a warning, or what is built. */
  readonly perCommit: 'nothing' | 'words' | 'build'
}

/** Evaluates a commit's tree. Throws Refused as `evaluate` does. */
export async function evaluateCommit(ctx: EvaluateContext, question: Question, signal: AbortSignal): Promise<Said> {
  const { said, readsRevision } = await evaluate(ctx, question, signal)
  if (!readsRevision) return { said, perCommit: 'nothing' }
  const other = await asAnother(ctx, question, signal)
  if (other === said) return { said, perCommit: 'nothing' }
  return { said, perCommit: other !== null && derivations(other) === derivations(said) ? 'words' : 'build' }
}

// Null where the tree is refused as any other commit: then it depends on its own.
async function asAnother(ctx: EvaluateContext, question: Question, signal: AbortSignal): Promise<string | null> {
  try {
    return (await evaluate(ctx, { ...question, revision: another(question.revision) }, signal)).said
  } catch (error) {
    if (error instanceof Refused && !signal.aborted) return null
    throw error
  }
}

// Another in each digit, so that a part of it differs too.
function another(revision: Oid): Oid {
  return revision.replace(/./g, (digit) => (15 - Number.parseInt(digit, 16)).toString(16))
}

function derivations(said: string): string {
  return JSON.stringify(parseEvaluation(said).selected)
}
