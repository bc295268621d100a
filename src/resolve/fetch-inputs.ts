// Brings the sources of a flake.lock into the store before the evaluation, which has no network. What is fetched is what was
// checked, fixed by its hash; no code of the project takes part.

import { existsSync } from 'node:fs'
import type { Nix } from '../lib/nix.ts'
import { nixString } from '../lib/nix-string.ts'
import { run } from '../lib/spawn.ts'
import { type Emit, Refused } from '../records.ts'
import { type FlakeLock, fetchedNodes } from './flake-inputs.ts'

/** Fetches what the store does not have yet. Throws Refused that names the input. */
export async function fetchInputs(
  ctx: { readonly nix: Nix; readonly limits: { readonly fetchTime: number } },
  lock: FlakeLock,
  { emit, signal }: { emit: Emit; signal: AbortSignal },
): Promise<void> {
  for (const { name, path, source } of fetchedNodes(lock)) {
    if (existsSync(ctx.nix.realPath(path))) continue
    emit({ type: 'note', text: `fetching flake input ${name}` })
    const { dir, ...known } = source
    // Nix 2.8 takes no other attributes of a tarball.
    const asked = known.type === 'tarball' ? { type: known.type, url: known.url, narHash: known.narHash } : known
    const expression = `(builtins.fetchTree (builtins.fromJSON ${nixString(JSON.stringify(asked))})).outPath`
    const options = ['--option', 'flake-registry', '', '--option', 'use-registries', 'false']
    const command = ctx.nix.command(['eval', '--raw', ...options, '--expr', expression])
    const ran = await run(command, { signal, timeout: ctx.limits.fetchTime, maxBuffer: 1024 ** 2 })
    if (ran.code === 0 && existsSync(ctx.nix.realPath(path))) continue
    if (ran.cancelled) throw new Refused('cancelled')
    throw failed(
      name,
      ran.timedOut ? `it took longer than ${ctx.limits.fetchTime / 1000} s (limits.fetchTime)` : lastError(ran.stderr),
    )
  }
}

function failed(name: string, why: string): Refused {
  return new Refused(`flake input ${name} cannot be fetched: ${why}`, {
    headline: `Flake input ${name} cannot be fetched`,
    detail: [why],
    help: ['Push again when it can be reached, or lock another: nix flake lock --update-input INPUT ./.hostenv'],
  })
}

function lastError(stderr: string): string {
  const lines = stderr.replace(/\u001b\[[0-9;]*m/g, '').split('\n')
  return lines.findLast((line) => line.startsWith('error: '))?.slice('error: '.length) ?? 'Nix does not say why'
}
