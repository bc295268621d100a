// What changed from one closure to another, as `nix store diff-closures` finds it (nix3-store-diff-closures(1)), in words.
import { basename } from 'node:path'
import type { Closure } from './closure.ts'

/** Bytes by version. */
type Versions = Map<string, number>

const MOST_CHANGES = 100
/** Bytes by which something has to grow or shrink to be worth a word. */
const WORTH_A_WORD = 8 * 1024

/** One line for each name: `shop 2.3 → 2.4`, `lib 1.0 added`, `data -8.1 KiB`. */
export function changesBetween(before: Closure, after: Closure): readonly string[] {
  const [old, now] = [byName(before), byName(after)]
  const names = [...new Set([...old.keys(), ...now.keys()])].sort()
  return names.flatMap((name) => change(name, old.get(name), now.get(name)) ?? []).slice(0, MOST_CHANGES)
}

function change(name: string, before: Versions = new Map(), after: Versions = new Map()): string | null {
  const gone = shown(before, after)
  const come = shown(after, before)
  const delta = bytesOf(after) - bytesOf(before)
  if (gone === null && come === null)
    return Math.abs(delta) < WORTH_A_WORD ? null : `${name} ${delta > 0 ? '+' : ''}${(delta / 1024).toFixed(1)} KiB`
  if (gone === null) return `${name}${come === '' ? '' : ` ${come}`} added`
  if (come === null) return `${name}${gone === '' ? '' : ` ${gone}`} removed`
  return `${name} ${gone || 'ε'} → ${come || 'ε'}`
}

// The versions that only one has; null for none, and empty where it is one without a version.
function shown(of: Versions, other: Versions): string | null {
  const own = [...of.keys()].filter((version) => !other.has(version)).sort()
  if (own.length === 0) return null
  return own.length === 1 ? (own[0] ?? '') : own.map((version) => version || 'ε').join(', ')
}

function bytesOf(versions: Versions): number {
  return [...versions.values()].reduce((sum, bytes) => sum + bytes, 0)
}

function byName(closure: Closure): Map<string, Versions> {
  const names = new Map<string, Versions>()
  for (const [path, bytes] of closure) {
    const { name, version } = parse(basename(path).slice(33))
    const versions = names.get(name) ?? new Map<string, number>()
    versions.set(version, (versions.get(version) ?? 0) + bytes)
    names.set(name, versions)
  }
  return names
}

// As Nix does it: without the name of an output (`-bin`, `-dev`), then up to the first part that does not begin with a letter.
function parse(whole: string): { readonly name: string; readonly version: string } {
  const text = /^(.*)-(?:[a-z]+|lib32|lib64)$/.exec(whole)?.[1] ?? whole
  const at = text.search(/-[^A-Za-z]/)
  return at === -1 ? { name: text, version: '' } : { name: text.slice(0, at), version: text.slice(at + 1) }
}
