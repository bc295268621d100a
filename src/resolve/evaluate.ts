// The one evaluation of pushed code: pure, restricted, in a sandbox, within limits of time and memory.
import type { Limits } from '../config/limits.ts'
import { type Nix, nixEnv } from '../lib/nix.ts'
import { evaluationSandbox, type SandboxHost } from '../lib/sandbox.ts'
import { type Command, type Ran, run } from '../lib/spawn.ts'
import { type Oid, type ProjectId, Refused } from '../records.ts'
import { expression, trees } from './expression.ts'
import { type FlakeLock, stale, unlocked } from './flake-inputs.ts'

/** What the operator provides to every evaluation. */
export interface Site {
  readonly system: string
  readonly domain: string
  readonly runtimeRoot: string
  readonly stateRoot: string
  /** Program name → absolute path of the host's own. */
  readonly hostPrograms: Readonly<Record<string, string>>
  /** Store path of a nixpkgs, or null. */
  readonly packages: string | null
}

export interface EvaluateContext {
  readonly nix: Nix
  /** Null where the operator trusts projects and there is no bwrap. */
  readonly sandbox: SandboxHost | null
  readonly site: Site
  /** Store path of the library (`nix/` of this package). */
  readonly library: string
  readonly stateDir: string
  readonly limits: Pick<Limits, 'evaluationTime' | 'evaluationMemory' | 'evaluationProcesses' | 'manifestBytes'>
}

export interface Question {
  readonly project: ProjectId
  /** The store path of the tree, once it is there; the evaluator starts meanwhile. */
  readonly source: Promise<string>
  readonly revision: Oid
  /** `extends`: the key is a preview of that environment; it has those of its schedules that are named. */
  readonly select:
    | { readonly ref: string }
    | { readonly key: string; readonly extends?: string; readonly schedules?: readonly string[] }
  /** Null where the project has no flake of its own; `lock` is null where that has no flake.lock. */
  readonly flake: { readonly lock: FlakeLock | null } | null
  /** Whether the other environments are told of as well. */
  readonly others: boolean
  readonly trace: boolean
}

export interface Evaluated {
  /** What was printed: JSON. */
  readonly said: string
  /** Whether somebody looked at the commit's id (nix/lib/noted.nix). */
  readonly readsRevision: boolean
  /** Milliseconds, the start of the evaluator not counted. */
  readonly duration: number
}

/**
 * Evaluates a source tree's manifest and the derivations of the selected environments. Throws Refused with Nix's own message.
 */
export async function evaluate(ctx: EvaluateContext, question: Question, signal: AbortSignal): Promise<Evaluated> {
  const ran = await run(
    { ...evaluator(ctx, question.trace), input: question.source.then((source) => expression(ctx, question, source)) },
    {
      ...{ signal, timeout: ctx.limits.evaluationTime, maxBuffer: ctx.limits.manifestBytes },
      bounds: { processes: { most: ctx.limits.evaluationProcesses, setting: 'evaluationProcesses' } },
    },
  )
  // Its tree may never be there.
  if (ran.cancelled) throw new Refused('cancelled')
  if (ran.code !== 0 || ran.stdout.length >= ctx.limits.manifestBytes)
    throw evaluationFailed(ran, ctx, question, await question.source)
  // Whoever writes so much that the line may be cut off counts as one who looked.
  const noted = /^trace: hostenv-revision-read$/m.test(ran.stderr) || ran.stderr.length >= ctx.limits.manifestBytes
  return { said: ran.stdout, readsRevision: noted, duration: ran.duration }
}

/** What evaluates pushed code: Nix in its sandbox; the expression comes on its input. */
export function evaluator(ctx: Omit<EvaluateContext, 'site' | 'library'>, trace: boolean): Command {
  const { sandbox: host, nix, limits } = ctx
  const { evaluationMemory: memory, evaluationProcesses: processes } = limits
  const sandbox = evaluationSandbox({ host, privateStore: nix.privateStore, memory, processes })
  return {
    argv: ['env', ...sandbox, ...nix.plain(restricted(trace)), '--option', 'build-users-group', ''],
    env: { ...nixEnv(nix), HOME: '/home' },
  }
}

// Without flakes: with them, a `path:` reference that states any `rev` counts as locked (Nix 2.8), and pure evaluation
// reads whatever it names, the whole store for one. What a project could fetch is forbidden by name instead.
function restricted(trace: boolean): string[] {
  const options = {
    'experimental-features': '',
    'pure-eval': 'true',
    'restrict-eval': 'true',
    'allowed-uris': trees,
    'allow-import-from-derivation': 'false',
  }
  return [
    ...[
      'nix-instantiate',
      '--eval',
      '--strict',
      '--json',
      '--read-write-mode',
      ...(trace ? ['--show-trace'] : []),
      '-',
    ],
    ...Object.entries(options).flatMap(([name, value]) => ['--option', name, value]),
  ]
}

function evaluationFailed(ran: Ran, ctx: EvaluateContext, question: Question, source: string): Refused {
  const { evaluationTime, evaluationMemory, manifestBytes } = ctx.limits
  if (ran.timedOut)
    return new Refused(`evaluation took longer than ${evaluationTime / 1000} s`, raise('evaluationTime'))
  if (ran.over !== null) return new Refused(`evaluation failed: ${ran.over}`)
  if (ran.stdout.length >= manifestBytes)
    return new Refused(`the manifest is larger than ${manifestBytes / 1024} KiB`, raise('manifestBytes'))
  const lock = /^error: hostenv-(unlocked|stale): (.*)$/m.exec(ran.stderr.replace(/\u001b\[[0-9;]*m/g, ''))
  if (lock) return lock[1] === 'stale' ? stale(lock[2] ?? '') : unlocked(lock[2] ?? '')
  const lines = explain(ran.stderr, ctx, source)
  if (/out of memory|bad_alloc|GC Warning|Too many heap/i.test(ran.stderr) || ran.signal === 'SIGSEGV')
    return new Refused(
      `evaluation needed more than ${evaluationMemory / 1024 ** 2} MiB of memory`,
      raise('evaluationMemory'),
    )
  const where = lines.map((line) => /\.hostenv\/[^\s:]+:\d+(:\d+)?/.exec(line)?.[0]).find((found) => found)
  const what = lines.map((line) => /^error: (.+)$/.exec(line)?.[1]).findLast((found) => found)
  const reason = `evaluation failed${where ? ` at ${where}` : ''}${what ? `: ${what}` : ''}`
  return new Refused(reason, {
    headline: 'Evaluation failed',
    detail: lines.slice(0, question.trace ? 200 : 30),
    help: question.trace ? [] : ['Nix shows how it got there with: git push -o trace …'],
  })
}

function raise(limit: keyof EvaluateContext['limits']) {
  return { help: [`Its operator can raise limits.${limit}.`] }
}

// Nix speaks of the tree's place in the store; the pusher knows it as the repository.
function explain(stderr: string, ctx: EvaluateContext, source: string): string[] {
  return stderr
    .replace(/\u001b\[[0-9;]*m/g, '')
    .replaceAll(`${ctx.nix.realPath(source)}/`, '')
    .replaceAll(`${source}/`, '')
    .replaceAll(`${ctx.nix.realPath(ctx.library)}/`, 'hostenv:')
    .replaceAll(`${ctx.library}/`, 'hostenv:')
    .split('\n')
    .filter(
      (line) =>
        !/^(trace: hostenv-revision-read$|warning: (not writing|you don't have Internet|creating lock)|• (Added|Updated) input|\s+'path:)|\(use '--show-trace'/.test(
          line,
        ),
    )
    .filter((line, index, all) => line.trim() !== '' || (all[index - 1] ?? '').trim() !== '')
}
