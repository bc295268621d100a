// What an evaluation says of a tree, and whether it says so of every commit with that tree. The library makes Nix say when the
// commit's id is read (nix/lib/noted.nix); only then a second evaluation, as another commit, tells whether that matters.
import { projectName } from '../lib/repositories.ts'
import { type Oid, Refused } from '../records.ts'
import { type EvaluateContext, evaluate, type Question } from './evaluate.ts'
import { parseEvaluation } from './manifest-schema.ts'
import { isQuick, oneByOne, tookTime } from './together.ts'

export interface Said {
  /** What was printed. */
  readonly said: string
  /** What of it is another for another commit of the same tree: nothing, words such as a warning, or what is built. */
  readonly perCommit: 'nothing' | 'words' | 'build'
}

/** Evaluates a commit's tree; where that is quick, the other environments of the tree too. Throws Refused as `evaluate` does. */
export async function evaluateCommit(
  ctx: EvaluateContext,
  question: Omit<Question, 'others'>,
  signal: AbortSignal,
): Promise<Said> {
  const project = projectName(question.project)
  if (isQuick(project)) {
    const all = await unlessRefused(evaluate(ctx, { ...question, others: true }, signal), signal)
    if (all !== null && !all.readsRevision) return { said: all.said, perCommit: 'nothing' }
    oneByOne(project)
  }
  const alone = { ...question, others: false }
  const { said, readsRevision, duration } = await evaluate(ctx, alone, signal)
  if (!readsRevision) {
    tookTime(project, duration)
    return { said, perCommit: 'nothing' }
  }
  const other = await asAnother(ctx, alone, signal)
  if (other === said) return { said, perCommit: 'nothing' }
  return { said, perCommit: other !== null && derivations(other) === derivations(said) ? 'words' : 'build' }
}

// Null where the tree is refused as any other commit: then it depends on its own.
async function asAnother(ctx: EvaluateContext, question: Question, signal: AbortSignal): Promise<string | null> {
  const other = evaluate(ctx, { ...question, revision: another(question.revision) }, signal)
  return (await unlessRefused(other, signal))?.said ?? null
}

async function unlessRefused<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  try {
    return await work
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
