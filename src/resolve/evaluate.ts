// The one evaluation of pushed code: a generated wrapper flake, pure, in a sandbox, within limits of time and memory.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Limits } from '../config/limits.ts'
import { type Nix, nixEnv } from '../lib/nix.ts'
import { evaluationSandbox, type SandboxHost } from '../lib/sandbox.ts'
import { type Ran, run } from '../lib/spawn.ts'
import { type Oid, type ProjectId, Refused } from '../records.ts'
import { type Evaluation, parseEvaluation } from './manifest-schema.ts'

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
  readonly limits: Pick<Limits, 'evaluationTime' | 'evaluationMemory' | 'manifestBytes'>
}

export interface Question {
  readonly project: ProjectId
  readonly source: string
  readonly revision: Oid
  readonly select: { readonly ref: string } | { readonly key: string }
  readonly trace: boolean
}

/** Evaluates a source tree's manifest and the derivations of the selected environments. Throws Refused with Nix's own message. */
export async function evaluate(ctx: EvaluateContext, question: Question, signal: AbortSignal): Promise<Evaluation> {
  const scratch = join(ctx.stateDir, 'tmp')
  await mkdir(scratch, { recursive: true, mode: 0o700 })
  const wrapper = await mkdtemp(join(scratch, 'eval-'))
  try {
    const site = { ...ctx.site, ...question.project }
    await writeFile(join(wrapper, 'flake.nix'), wrapperFlake(ctx.library, question, ctx.site.packages))
    await writeFile(
      join(wrapper, 'site.json'),
      JSON.stringify({ site, revision: question.revision, select: question.select }),
    )
    const args = ['eval', '--json', '--no-write-lock-file', '--option', 'allow-import-from-derivation', 'false']
    const nix = ctx.nix.plain([...args, ...(question.trace ? ['--show-trace'] : []), `path:${wrapper}#answer`])
    const prefix = evaluationSandbox({
      host: ctx.sandbox,
      privateStore: ctx.nix.privateStore,
      wrapper,
      memory: ctx.limits.evaluationMemory,
    })
    const ran = await run(
      {
        argv: ['env', ...prefix, ...nix, '--option', 'build-users-group', ''],
        env: { ...nixEnv(ctx.nix), HOME: '/home' },
      },
      { signal, timeout: ctx.limits.evaluationTime, maxBuffer: ctx.limits.manifestBytes },
    )
    if (ran.code !== 0) throw evaluationFailed(ran, ctx, question)
    return parseEvaluation(ran.stdout)
  } finally {
    await rm(wrapper, { recursive: true, force: true })
  }
}

// Store paths are the only things interpolated here, and the store names them.
function wrapperFlake(library: string, question: Question, packages: string | null): string {
  const input = (name: string, path: string) => `inputs.${name} = { type = "path"; path = "${path}"; flake = false; };`
  return `{
  ${input('library', library)}
  ${input('project', question.source)}
  ${packages === null ? '' : input('packages', packages)}
  outputs = { library, project, ... }@inputs:
    let asked = builtins.fromJSON (builtins.readFile ./site.json); in {
    answer = import "\${library}/receive.nix" {
      project = project.outPath;
      site = asked.site // { packages = inputs.packages or null; };
      inherit (asked) revision select;
    };
  };
}
`
}

function evaluationFailed(ran: Ran, ctx: EvaluateContext, question: Question): Refused {
  const { evaluationTime, evaluationMemory, manifestBytes } = ctx.limits
  if (ran.cancelled) return new Refused('cancelled')
  if (ran.timedOut) return new Refused(`evaluation took longer than ${evaluationTime / 1000} s`)
  if (ran.stdout.length >= manifestBytes) return new Refused(`the manifest is larger than ${manifestBytes / 1024} KiB`)
  const lines = explain(ran.stderr, ctx, question.source)
  if (/out of memory|bad_alloc|GC Warning|Too many heap/i.test(ran.stderr) || ran.signal === 'SIGSEGV')
    return new Refused(`evaluation needed more than ${evaluationMemory / 1024 ** 2} MiB of memory`)
  const where = lines.map((line) => /\.hostenv\/[^\s:]+:\d+(:\d+)?/.exec(line)?.[0]).find((found) => found)
  const what = lines.map((line) => /^error: (.+)$/.exec(line)?.[1]).findLast((found) => found)
  const reason = `evaluation failed${where ? ` at ${where}` : ''}${what ? `: ${what}` : ''}`
  return new Refused(reason, {
    headline: 'Evaluation failed',
    detail: lines.slice(0, question.trace ? 200 : 30),
    help: question.trace ? [] : ['Nix shows how it got there with: git push -o trace …'],
  })
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
        !/^(warning: (not writing|you don't have Internet|creating lock)|• (Added|Updated) input|\s+'path:)|\(use '--show-trace'/.test(
          line,
        ),
    )
    .filter((line, index, all) => line.trim() !== '' || (all[index - 1] ?? '').trim() !== '')
}
