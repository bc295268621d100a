// The build stage: a derivation becomes a rooted store path, or a refusal that says what failed. Tells everything on the way.
import { stripVTControlCharacters } from 'node:util'
import { z } from 'zod'
import type { Nix } from '../lib/nix.ts'
import { type Build, type DeployEvent, type Derivation, type Emit, Refused } from '../records.ts'
import { cappedLog } from './capped-log.ts'
import { describeClosure, type Previous } from './closure.ts'
import type { NixEntry } from './nix-log.ts'
import { countCached, planBuild, planFromStore } from './plan.ts'
import { Progress } from './progress.ts'
import { runBuild } from './run-build.ts'

export interface BuildOptions {
  readonly nix: Pick<Nix, 'command' | 'query' | 'realPath' | 'substitutes' | 'version'>
  /** Absolute path of the link that will keep the output from the garbage collector. */
  readonly outLink: string
  /** The whole log, line by line, raw. */
  readonly log: (line: string) => void
  readonly emit: Emit
  /** Tells an event that is known later, before all that is told after it. */
  readonly later: (event: Promise<DeployEvent>) => void
  readonly signal: AbortSignal
  readonly previous: Previous | null
  readonly limits?: BuildLimits
}

export interface BuildLimits {
  /** Bytes of log that are kept for one deploy; more is cut. */
  readonly maxLogBytes: number
  /** Bytes of log after which Nix ends one derivation (`max-build-log-size` of nix.conf(5)). */
  readonly maxDerivationLogBytes: number
  /** Processes and threads that its builders may have (setrlimit(2), RLIMIT_NPROC). */
  readonly maxProcesses: number
}

export const BUILD_LIMITS: BuildLimits = {
  maxLogBytes: 64 * 1024 * 1024,
  maxDerivationLogBytes: 512 * 1024 * 1024,
  maxProcesses: 4096,
}

const LOG_LINE = 16 * 1024
const outcomeSchema = z.array(z.object({ drvPath: z.string(), outputs: z.record(z.string(), z.string()) })).min(1)

/**
 * Builds `derivation` and roots its output at `outLink`. Throws `Refused` with `build failed: NAME HOW`, or `cancelled`
 * when the signal aborts; by then no process of the build is left.
 */
export async function build(derivation: Derivation, options: BuildOptions): Promise<Build> {
  const { nix, outLink, emit, signal, previous, limits = BUILD_LIMITS } = options
  const startedAt = performance.now()
  const capped = cappedLog(options.log, { maxBytes: limits.maxLogBytes, maxLine: LOG_LINE })
  const log = (text: string): void => text.split('\n').forEach(capped)
  const installable = installableOf(derivation, nix.version)

  // Side by side: what the plan says is told first, whatever has been built by then.
  const waiting: NixEntry[] = []
  let progress: Progress | null = null
  const argv = ['build', installable, '--out-link', outLink, '--json', ...LOG_FORMAT]
  const bounded = [...argv, '--option', 'max-build-log-size', String(limits.maxDerivationLogBytes)]
  const command = nix.command(bounded)
  const limited = ['prlimit', `--nproc=${limits.maxProcesses}`, '--', ...command.argv] as const
  const planless = new AbortController()
  const building = runBuild({ ...command, argv: [...limited] }, AbortSignal.any([signal, planless.signal]), (entry) =>
    progress === null ? waiting.push(entry) : progress.handle(entry),
  )
  // It may fail while the plan is waited for, and who waits for it comes later.
  building.catch(() => undefined)
  const read = nix.substitutes ? null : planFromStore(derivation, nix.realPath)
  const asked = () => planBuild(nix.query(['build', installable, '--dry-run', ...LOG_FORMAT]), signal)
  const planned =
    read ??
    (await asked().catch(async (error: unknown) => {
      planless.abort()
      await building
      throw error
    }))
  // What has been built before the plan was made is not in it.
  const begun = waiting.flatMap((entry) => (entry.kind === 'build-start' ? [entry.drv] : []))
  const plan = planned && { ...planned, builds: [...new Set([...begun, ...planned.builds])] }
  if (plan !== null && !signal.aborted) {
    const cached = await countCached(plan, derivation, nix.realPath)
    emit({ type: 'build-plan', builds: plan.builds.length, fetches: plan.fetches.length, cached })
  }
  progress = new Progress({ emit, log, total: plan?.builds.length ?? 0 })
  for (const entry of waiting) progress.handle(entry)
  const ended = await building
  const failed = progress.finish(ended.code === 0)
  stopIfCancelled(signal)
  if (ended.code !== 0) {
    if (failed === null) throw nixFailed(ended, progress.errors)
    const { name, how, tail, gotHash } = failed
    emit({ type: 'build-failed', name, how, tail, ...(gotHash === undefined ? {} : { gotHash }) })
    // The event has told it: an empty headline says that nothing is to be told twice.
    throw new Refused(`build failed: ${name} ${how}`, { headline: '', help: forkHint(tail, limits) })
  }

  const storePath = outputOf(ended.stdout, derivation)
  const cached = progress.work.builds === 0 && progress.work.fetches === 0
  const duration = performance.now() - startedAt
  const closure = describeClosure(nix, storePath, previous, signal)
  options.later(closure.then((known) => ({ type: 'built', duration, cached, ...known })))
  return { storePath, outLink, cached, closure, duration }
}

// The kernel says it in few words, and no word of which limit it was.
function forkHint(tail: readonly string[], { maxProcesses }: BuildLimits): string[] {
  const met = tail.some((line) => /\bfork\b|Resource temporarily unavailable|\bEAGAIN\b/i.test(line))
  return met ? [`A build may have ${maxProcesses} processes and threads (limits.buildProcesses).`] : []
}

const LOG_FORMAT = ['--log-format', 'internal-json']

/** From Nix 2.13 on a `.drv` path alone means the file itself, `^*` its outputs. */
function installableOf({ drvPath }: Derivation, { major, minor }: Nix['version']): string {
  return major > 2 || (major === 2 && minor >= 13) ? `${drvPath}^*` : drvPath
}

function stopIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new Refused('cancelled')
}

// Nix itself failed: no derivation did. Its own words are the explanation.
function nixFailed({ code, signal }: { code: number | null; signal: string | null }, errors: readonly string[]) {
  const detail = errors.flatMap((error) => stripVTControlCharacters(error).split('\n'))
  const said = detail[0]?.replace(/^error: /, '')
  const how = code === null ? `nix was ended by ${signal}` : `nix exit ${code}${said ? `: ${said}` : ''}`
  return new Refused(`build failed: ${how}`, { headline: `Build failed: ${how}`, detail })
}

function outputOf(stdout: string, derivation: Derivation): string {
  const parsed = outcomeSchema.safeParse(parseJson(stdout))
  return parsed.data?.[0]?.outputs.out ?? derivation.outPath
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
