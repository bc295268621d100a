// Whether a release really runs: its processes stay up, it answers, and it listens on no port.
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { listeningPorts } from '../lib/proc.ts'
import { type Emit, type Proof, Refused, type Verification } from '../records.ts'
import type { LocalHost, Place } from './host.ts'
import { limitHints } from './limit-hints.ts'
import type { Restart } from './release-processes.ts'
import { type LogSizes, type Look, lastLines, type ProcessState } from './s6.ts'
import { treeProcesses } from './service-tree.ts'

export interface CheckContext {
  readonly host: LocalHost
  readonly place: Place
  readonly processes: ReadonlyMap<string, Restart>
  readonly verification: Verification
  /** The environment's HTTP socket, checked to be its own; null while there is none. */
  readonly socket: () => string | null
  readonly emit: Emit
  readonly look: Look
  /** How it proved itself before: it only has to be there again then. Null: it has to. */
  readonly proven: Proof | null
}

// Milliseconds until one looks again, by how long one has been looking: what is quick is seen at once, what is slow is left in peace.
function pause(since: number): number {
  return Math.min(100, Math.max(5, (performance.now() - since) / 10))
}

/**
 * Waits until the release is up and answers. Throws Refused with the reason when it does not. Answers whether it answered; null where
 * nobody asked, or nothing is made of it.
 */
export async function checkRelease(ctx: CheckContext): Promise<boolean | null> {
  const known = ctx.verification.enable
    ? await runChecks(ctx).catch((error: unknown) => tolerate(ctx, error))
    : (ctx.proven?.answers ?? null)
  if (ctx.proven === null) listensOnNoPort(ctx)
  return known
}

async function runChecks(ctx: CheckContext): Promise<boolean> {
  const seen: Seen = new Map()
  const up: Check = (_, signal) => staysUp(ctx, seen, signal)
  const [, answered] = await firstReason(ctx, [up, answers])
  // Who need not stay up for long must at least be there once it answered, or had the time to, and be the one that was there before.
  if (ctx.verification.upFor < leastWait) await firstReason(ctx, [up])
  return answered
}

function tolerate(ctx: CheckContext, error: unknown): null {
  if (!(error instanceof Refused) || ctx.verification.enforce) throw error
  ctx.emit({
    type: 'warning',
    text: `a check failed: ${error.message}; it goes live all the same (deploymentVerification.enforce is off)`,
  })
  return null
}

type Check = (ctx: CheckContext, signal: AbortSignal) => Promise<unknown>

// Side by side; the first that fails ends the other, which would otherwise go on to look at what an undo brings back.
async function firstReason<T extends readonly Check[]>(
  ctx: CheckContext,
  checks: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<ReturnType<T[K]>> }> {
  const controller = new AbortController()
  const running = checks.map((check) => check(ctx, controller.signal))
  try {
    return (await Promise.all(running)) as { -readonly [K in keyof T]: Awaited<ReturnType<T[K]>> }
  } finally {
    controller.abort()
    await Promise.allSettled(running)
  }
}

/** Throws Refused when a process of the environment listens on a TCP port. */
export function listensOnNoPort(ctx: Pick<CheckContext, 'host' | 'place'>): void {
  const ports = listeningPorts(treeProcesses(ctx.host, ctx.place.facts))
  if (ports.length === 0) return
  throw new Refused(`listens on port ${ports.join(', ')}`, {
    headline: `Listens on port ${ports.join(', ')}: environments use sockets only`,
    help: ['Listen on the socket $HOSTENV_UPSTREAM_DIR/in.sock instead.'],
  })
}

/** Processes by name, and since when (milliseconds of `performance.now`) they have been seen up. */
type Seen = Map<string, { readonly pid: number; readonly since: number }>

async function staysUp(ctx: CheckContext, seen: Seen, signal: AbortSignal): Promise<void> {
  const { look, processes, verification } = ctx
  const names = [...processes.keys()]
  const started = performance.now()
  for (;;) {
    const states = await look.states()
    const waiting = names.filter((name) => {
      const verdict = judge(
        states.get(name),
        processes.get(name) ?? 'always',
        seen.get(name),
        performance.now() - started,
      )
      if (verdict.kind === 'dead') throw new ProcessDied(name, verdict.how)
      if (verdict.kind === 'done') return false
      if (verdict.kind === 'starting') return true
      const first = seen.get(name) ?? { pid: verdict.pid, since: performance.now() }
      seen.set(name, first)
      const upFor = ctx.proven ? 0 : verification.upFor
      return verdict.seconds < upFor && (performance.now() - first.since) / 1000 < upFor
    })
    if (waiting.length === 0) return
    if ((performance.now() - started) / 1000 > verification.timeout + verification.upFor)
      throw new Refused(`${waiting.join(', ')} did not stay up for ${verification.upFor} s`)
    await sleep(pause(started), undefined, { signal })
  }
}

type Judgement =
  | { kind: 'up'; pid: number; seconds: number }
  | { kind: 'starting' }
  | { kind: 'done' }
  | { kind: 'dead'; how: string }

/** Milliseconds until a supervisor that was started has said something of its process. */
const firstWord = 2000

function judge(
  state: ProcessState | undefined,
  restart: Restart,
  first: { pid: number } | undefined,
  elapsed: number,
): Judgement {
  if (!state && first === undefined && elapsed < firstWord) return { kind: 'starting' }
  if (!state) return { kind: 'dead', how: 'was not started' }
  if (state.up && (first === undefined || first.pid === state.pid))
    return { kind: 'up', pid: state.pid, seconds: state.seconds }
  // On a busy machine a supervisor may not have come to its first start yet.
  if (!state.up && state.lastDeath === null && first === undefined) return { kind: 'starting' }
  const how = state.lastDeath ?? 'went down'
  return restart !== 'always' && how === 'exit 0' ? { kind: 'done' } : { kind: 'dead', how }
}

class ProcessDied extends Refused {
  readonly process: string
  constructor(process: string, how: string) {
    super(`${process} died: ${how}`, { headline: `${process} does not stay up: ${how}` })
    this.process = process
  }
}

/** Seconds that a web service gets at least to make its socket. */
const leastWait = 2

// False: it makes no socket.
async function answers(ctx: CheckContext, signal: AbortSignal): Promise<boolean> {
  const { verification } = ctx
  const started = performance.now()
  const deadline = started + verification.timeout * 1000
  let last = 'no answer'
  let hadSocket = false
  // Without a socket for as long as a process must stay up, this is no web service.
  const patience = ctx.proven?.answers === false ? 0 : Math.max(verification.upFor, leastWait) * 1000
  for (;;) {
    const socket = ctx.socket()
    hadSocket ||= socket !== null
    if (!hadSocket && performance.now() - started >= patience) return false
    if (socket !== null) {
      const asked = performance.now()
      const status = await get(socket, ctx, Math.max(1, Math.min(10_000, deadline - asked)), signal)
      const duration = performance.now() - asked
      signal.throwIfAborted()
      if (typeof status === 'number' && status < 500) {
        ctx.emit({ type: 'check', what: `GET ${verification.path}`, result: String(status), duration })
        return true
      }
      // A request that the deadline cut off says nothing that an earlier one did not say better.
      if (typeof status === 'number') last = `answered ${status}`
      else if (performance.now() < deadline) last = status
    }
    if (performance.now() >= deadline)
      throw new Refused(`GET ${verification.path}: ${last} within ${verification.timeout} s`, {
        headline: `GET ${verification.path}: ${last} within ${verification.timeout} s`,
      })
    await sleep(pause(started), undefined, { signal })
  }
}

function get(socketPath: string, ctx: CheckContext, timeout: number, signal: AbortSignal): Promise<number | string> {
  return new Promise((resolve) => {
    const headers = { host: ctx.place.facts.hostname, 'user-agent': 'hostenv-check', connection: 'close' }
    const asked = request({ socketPath, path: ctx.verification.path, headers, signal, agent: false }, (response) => {
      resolve(response.statusCode ?? 0)
      response.destroy()
    })
    // A deadline, not node's `timeout`: that counts from the last byte, and who sends one at a time would be waited for for ever.
    const deadline = setTimeout(() => asked.destroy(), timeout)
    asked.on('error', () => resolve('no answer'))
    // Without an error too, as after a 101 that nobody asked for.
    asked.on('close', () => {
      clearTimeout(deadline)
      resolve('no answer')
    })
    asked.end()
  })
}

/** Adds what the process wrote since `logs` was taken to a refusal about it. */
export async function withLastLines(ctx: CheckContext, refused: Refused, logs: LogSizes): Promise<Refused> {
  const names = refused instanceof ProcessDied ? [refused.process] : [...ctx.processes.keys()].slice(0, 1)
  const lines = (await Promise.all(names.map((name) => lastLines(ctx.host, ctx.place, name, logs)))).flat()
  const { headline } = refused
  const help = [...refused.help, ...limitHints(lines, ctx.host.limits)]
  return new Refused(refused.message, { headline, detail: [...refused.detail, ...lines], help })
}
