// How big a built thing is with all that it needs, and what changed since the release before it: one question to Nix for both.
import { z } from 'zod'
import type { Nix } from '../lib/nix.ts'
import { run } from '../lib/spawn.ts'
import type { Since } from '../records.ts'
import { changesBetween } from './closure-changes.ts'

/** A release to compare with. */
export interface Previous {
  readonly release: number
  readonly storePath: string
}

/** Store paths and the sizes of their archives (NAR), in bytes. */
export type Closure = ReadonlyMap<string, number>

interface PathInfo {
  readonly bytes: number
  readonly references: readonly string[]
}

const TIMEOUT = 60_000
/** Bytes of what Nix says of a closure: some 400 for each path. */
const MOST_SAID = 64 * 1024 ** 2

// An array up to Nix 2.18, an object keyed by path after it; an object with `info` in the newest format, where paths have no folder.
const infoSchema = z.object({ narSize: z.number(), references: z.array(z.string()) })
const listSchema = z.array(z.unknown())
const recordSchema = z.record(z.string(), z.unknown())

/** Closure size in bytes (0 when unknown) and the comparison with the previous release (null when there is none). Never throws. */
export async function describeClosure(
  nix: Pick<Nix, 'query'>,
  storePath: string,
  previous: Previous | null,
  signal: AbortSignal,
): Promise<{ closureBytes: number; since: Since | null }> {
  const both = previous === null ? null : await pathInfo(nix, [storePath, previous.storePath], signal)
  // The previous release may have been collected: then Nix answers for neither of two.
  const infos = both ?? (await pathInfo(nix, [storePath], signal))
  const after = infos && closureOf(storePath, infos)
  if (infos === null || !after) return { closureBytes: 0, since: null }
  const closureBytes = sizeOf(after)
  const before = previous && closureOf(previous.storePath, infos)
  if (previous === null || before === null) return { closureBytes, since: null }
  const deltaBytes = closureBytes - sizeOf(before)
  return { closureBytes, since: { release: previous.release, deltaBytes, changes: changesBetween(before, after) } }
}

async function pathInfo(nix: Pick<Nix, 'query'>, paths: readonly string[], signal: AbortSignal) {
  const command = nix.query(['path-info', '--recursive', '--json', ...paths])
  const ran = await run(command, { signal, timeout: TIMEOUT, maxBuffer: MOST_SAID })
  return ran.code === 0 ? readPathInfo(ran.stdout) : null
}

/** What `nix path-info --json` of any version says, by store path. */
export function readPathInfo(json: string): ReadonlyMap<string, PathInfo> {
  const infos = new Map<string, PathInfo>()
  const add = (path: unknown, value: unknown): void => {
    const parsed = infoSchema.safeParse(value).data
    if (typeof path !== 'string' || parsed === undefined) return
    infos.set(inStore(path), { bytes: parsed.narSize, references: parsed.references.map(inStore) })
  }
  const parsed = parseJson(json)
  const list = listSchema.safeParse(parsed)
  if (list.success) for (const entry of list.data) add(recordSchema.safeParse(entry).data?.path, entry)
  const record = recordSchema.safeParse(parsed)
  if (!list.success && record.success) {
    const inner = recordSchema.safeParse(record.data.info)
    for (const [path, entry] of Object.entries(inner.success ? inner.data : record.data)) add(path, entry)
  }
  return infos
}

/** Everything that a path needs, itself with it; null where not all of that is known. */
export function closureOf(top: string, infos: ReadonlyMap<string, PathInfo>): Closure | null {
  const closure = new Map<string, number>()
  const queue = [top]
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (closure.has(path)) continue
    const info = infos.get(path)
    if (info === undefined) return null
    closure.set(path, info.bytes)
    queue.push(...info.references)
  }
  return closure
}

function sizeOf(closure: Closure): number {
  return [...closure.values()].reduce((sum, bytes) => sum + bytes, 0)
}

function inStore(path: string): string {
  return path.startsWith('/') ? path : `/nix/store/${path}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
