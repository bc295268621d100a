// What a commit declares: evaluated once for each tree and question. The same tree under another name (a tag, another branch)
// needs no Nix as long as what it evaluates to is there.
import { type Emit, type Oid, type ProjectId, Refused } from '../records.ts'
import type { Evaluations } from '../state/evaluations.ts'
import type { EvaluateContext, Question } from './evaluate.ts'
import { evaluateCommit, type Said } from './evaluate-commit.ts'
import { fetchInputs } from './fetch-inputs.ts'
import { parseFlakeLock } from './flake-inputs.ts'
import { treeFiles } from './import-tree.ts'
import { type Evaluation, othersSaid, parseEvaluation } from './manifest-schema.ts'
import { notFetched } from './not-fetched.ts'
import { ReadingTime } from './reading-time.ts'
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
  /** Whether the same tree in another commit would be another build. */
  readonly buildDependsOnCommit: boolean
}

interface Kept extends Said {
  readonly missing: readonly string[]
}

/** Reads a commit. Throws Refused with what is wrong with it. */
export async function readCommit(ctx: ReadContext, q: CommitQuestion, tell: Tell): Promise<Read> {
  const common = [q.tree, q.project, ctx.site, ctx.library, ctx.nix.version, ctx.allowedGitHosts]
  const keys = {
    ofTree: [...common, q.select],
    ofCommit: [...common, q.select, q.commit],
    ofOther: (key: string) => [...common, { key }],
  }
  const before = fromBefore(ctx, keys.ofTree) ?? fromBefore(ctx, keys.ofCommit)
  if (before !== null) return before
  tell.emit({ type: 'evaluating', commit: q.commit })
  return await tell.inTurn(() => readAnew(ctx, q, keys, tell))
}

// An answer of a version that said something else in other words is none.
function fromBefore(ctx: ReadContext, dependsOn: unknown): Read | null {
  const answer = ctx.evaluations.get(dependsOn)
  if (answer === null) return null
  try {
    const read = readOf(JSON.parse(answer) as Kept)
    return Object.values(read.selected).every(({ outPath }) => ctx.isKept(outPath)) ? read : null
  } catch (error) {
    if (error instanceof Refused || error instanceof SyntaxError) return null
    throw error
  }
}

function readOf({ said, missing, perCommit }: Kept): Read {
  return { ...parseEvaluation(said), missing, buildDependsOnCommit: perCommit === 'build' }
}

interface Keys {
  readonly ofTree: unknown
  readonly ofCommit: unknown
  readonly ofOther: (key: string) => unknown
}

async function readAnew(ctx: ReadContext, q: CommitQuestion, keys: Keys, tell: Tell): Promise<Read> {
  using time = new ReadingTime(tell.signal, ctx.limits.evaluationTime)
  try {
    return await readInTime(ctx, q, keys, tell, time)
  } catch (error) {
    // What was ended fails as whatever it was doing.
    time.signal.throwIfAborted()
    throw error
  }
}

async function readInTime(
  ctx: ReadContext,
  q: CommitQuestion,
  keys: Keys,
  { emit, signal }: Tell,
  time: ReadingTime,
): Promise<Read> {
  const { repository, tree, project, commit: revision, select, trace } = q
  const folder = await readHostenvFolder(repository, ctx.path, tree, time.signal)
  const lock = folder.kind === 'flake' && folder.lock !== null ? parseFlakeLock(folder.lock, ctx.allowedGitHosts) : null
  const flake = folder.kind === 'flake' ? { lock } : null
  const files = treeFiles(ctx, repository, tree, time.signal)
  files.then(
    (all) => time.listed(all),
    () => undefined,
  )
  const inStore = treeToStore(ctx, repository, tree, files, time.signal)
  const looking = files.then((all) => notFetched(repository, ctx.path, all, time.signal))
  Promise.all([inStore, looking]).then(
    () => time.done(),
    () => undefined,
  )
  const bringing = async () => {
    const path = await inStore
    if (lock !== null) await fetchInputs(ctx, lock, { emit, signal: time.signal })
    return path
  }
  const source = bringing()
  const evaluated = await evaluateCommit(ctx, { project, source, revision, select, trace, flake }, signal)
  const kept: Kept = { ...evaluated, missing: await looking }
  const read = readOf(kept)
  const others = kept.perCommit === 'nothing' ? [...othersSaid(kept.said)] : []
  ctx.evaluations.set([
    [kept.perCommit === 'nothing' ? keys.ofTree : keys.ofCommit, JSON.stringify(kept)],
    ...others.map(([key, said]) => [keys.ofOther(key), JSON.stringify({ ...kept, said } satisfies Kept)] as const),
  ])
  return read
}
