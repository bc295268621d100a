// How big a built thing is with all that it needs, and what changed since the release before it.
import { stripVTControlCharacters } from 'node:util'
import { z } from 'zod'
import type { Nix } from '../lib/nix.ts'
import { run } from '../lib/spawn.ts'
import type { Since } from '../records.ts'

/** A release to compare with. */
export interface Previous {
  readonly release: number
  readonly storePath: string
}

const TIMEOUT = 60_000
const MOST_CHANGES = 100

// An array up to Nix 2.18, an object keyed by path after it; an object with `info` in the newest format.
const info = z.object({ closureSize: z.number() })
const listSchema = z.array(z.unknown())
const recordSchema = z.record(z.string(), z.unknown())

/** Closure size in bytes (0 when unknown) and the comparison with the previous release (null when there is none). Never throws. */
export async function describeClosure(
  nix: Pick<Nix, 'query'>,
  storePath: string,
  previous: Previous | null,
  signal: AbortSignal,
): Promise<{ closureBytes: number; since: Since | null }> {
  const paths = previous === null ? [storePath] : [storePath, previous.storePath]
  const [sizes, changes] = await Promise.all([
    closureSizes(nix, paths, signal),
    previous === null ? [] : diffClosures(nix, previous.storePath, storePath, signal),
  ])
  // The previous release may have been collected: then Nix answers for neither of two.
  const known = sizes.size === 0 && paths.length > 1 ? await closureSizes(nix, [storePath], signal) : sizes
  const closureBytes = known.get(storePath) ?? 0
  const before = previous === null ? undefined : known.get(previous.storePath)
  if (previous === null || before === undefined) return { closureBytes, since: null }
  return { closureBytes, since: { release: previous.release, deltaBytes: closureBytes - before, changes } }
}

async function closureSizes(nix: Pick<Nix, 'query'>, paths: readonly string[], signal: AbortSignal) {
  const ran = await run(nix.query(['path-info', '--closure-size', '--json', ...paths]), { signal, timeout: TIMEOUT })
  return ran.code === 0 ? readPathInfo(ran.stdout) : new Map<string, number>()
}

/** Closure sizes by store path, from `nix path-info --closure-size --json` of any version. */
export function readPathInfo(json: string): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>()
  const add = (path: unknown, value: unknown): void => {
    const parsed = info.safeParse(value)
    if (typeof path === 'string' && parsed.success)
      sizes.set(path.startsWith('/') ? path : `/nix/store/${path}`, parsed.data.closureSize)
  }
  const parsed = parseJson(json)
  const list = listSchema.safeParse(parsed)
  if (list.success) for (const entry of list.data) add(recordSchema.safeParse(entry).data?.path, entry)
  const record = recordSchema.safeParse(parsed)
  if (!list.success && record.success) {
    const inner = recordSchema.safeParse(record.data.info)
    for (const [path, entry] of Object.entries(inner.success ? inner.data : record.data)) add(path, entry)
  }
  return sizes
}

async function diffClosures(nix: Pick<Nix, 'query'>, from: string, to: string, signal: AbortSignal) {
  const ran = await run(nix.query(['store', 'diff-closures', from, to]), { signal, timeout: TIMEOUT })
  return ran.code === 0 ? readDiff(ran.stdout) : []
}

/** `shop: 2.3 → 2.4, +1.0 KiB` → `shop 2.3 → 2.4`; what is new or gone says so. */
export function readDiff(stdout: string): readonly string[] {
  const changes: string[] = []
  for (const line of stripVTControlCharacters(stdout).split('\n')) {
    const [, name, rest] = /^(\S+): (.+)$/.exec(line.trim()) ?? []
    if (name === undefined || rest === undefined) continue
    const [, before = '', after = ''] = /^(.*?) → (.*?)(?:, [+-][\d.]+ [KMGT]?i?B)?$/.exec(rest) ?? []
    if (after === '') changes.push(`${name} ${rest}`)
    else if (before === '∅') changes.push(after === 'ε' ? `${name} added` : `${name} ${after} added`)
    else if (after === '∅') changes.push(before === 'ε' ? `${name} removed` : `${name} ${before} removed`)
    else changes.push(`${name} ${before} → ${after}`)
    if (changes.length === MOST_CHANGES) break
  }
  return changes
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
