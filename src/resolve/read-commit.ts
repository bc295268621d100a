// What a commit declares: evaluated once for each tree and question. The same tree under another name (a tag, another branch)
// needs no Nix as long as what it evaluates to is there.
import { type Emit, type Oid, type ProjectId, Refused } from '../records.ts'
import type { Evaluations } from '../state/evaluations.ts'
import { type EvaluateContext, evaluate, type Question } from './evaluate.ts'
import { fetchInputs } from './fetch-inputs.ts'
import { parseFlakeLock } from './flake-inputs.ts'
import { type Evaluation, parseEvaluation } from './manifest-schema.ts'
import { notFetched } from './not-fetched.ts'
import { readHostenvFolder, type SourceContext, treeToStore } from './source.ts'

/** `isKept`: whether an output is in the store and kept from its collector. */
export type ReadContext = SourceContext &
  EvaluateContext & {
    readonly allowedGitHosts: readonly string[]
    readonly limits: { readonly fetchTime: number }
    readonly evaluations: Evaluations
    readonly isKept: (storePath: string) => boolean
  }

export interface CommitQuestion {
  readonly project: ProjectId
  readonly repository: string
  readonly commit: Oid
  readonly tree: Oid
  readonly select: Question['select']
  readonly trace: boolean
}

export interface Tell {
  readonly emit: Emit
  readonly signal: AbortSignal
  /** Runs an evaluation in its turn. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>
}

/** What a commit declares, and what of it the receiver does not have, a line for each kind. */
export interface Read extends Evaluation {
  readonly missing: readonly string[]
}

/** Reads a commit. Throws Refused with what is wrong with it. */
export async function readCommit(ctx: ReadContext, q: CommitQuestion, tell: Tell): Promise<Read> {
  const dependsOn = [q.tree, q.project, ctx.site, ctx.library, ctx.nix.version, q.select]
  return fromBefore(ctx, dependsOn) ?? (await tell.inTurn(() => readAnew(ctx, q, dependsOn, tell)))
}

// An answer of a version that said something else in other words is none.
function fromBefore(ctx: ReadContext, dependsOn: unknown): Read | null {
  const answer = ctx.evaluations.get(dependsOn)
  if (answer === null) return null
  try {
    const { said, missing } = JSON.parse(answer) as { said: string; missing: string[] }
    const evaluation = parseEvaluation(said)
    return Object.values(evaluation.selected).every(({ outPath }) => ctx.isKept(outPath))
      ? { ...evaluation, missing }
      : null
  } catch (error) {
    if (error instanceof Refused || error instanceof SyntaxError) return null
    throw error
  }
}

async function readAnew(ctx: ReadContext, q: CommitQuestion, dependsOn: unknown, tell: Tell): Promise<Read> {
  const { repository, tree, project, commit: revision, select, trace } = q
  const folder = await readHostenvFolder(repository, ctx.path, tree)
  const lock = folder.kind === 'flake' && folder.lock !== null ? parseFlakeLock(folder.lock, ctx.allowedGitHosts) : null
  const flake = folder.kind === 'flake' ? { lock } : null
  const source = await treeToStore(ctx, repository, tree)
  if (lock !== null) await fetchInputs(ctx, lock, tell)
  const said = await evaluate(ctx, { project, source, revision, select, trace, flake }, tell.signal)
  const evaluation = parseEvaluation(said)
  const missing = await notFetched(repository, ctx.path, tree)
  // A flake may look at its revision, which is another one for each commit; a module gets to know none.
  if (flake === null) ctx.evaluations.set(dependsOn, JSON.stringify({ said, missing }))
  return { ...evaluation, missing }
}
