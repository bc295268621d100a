// Asks Nix what a build would do, before it does it.
import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type Command, run } from '../lib/spawn.ts'
import type { Derivation } from '../records.ts'
import { parseNixLine } from './nix-log.ts'

export interface Plan {
  readonly builds: readonly string[]
  readonly fetches: readonly string[]
}

/** Milliseconds. A plan is a courtesy: a build starts without one when a substituter does not answer. */
const TIMEOUT = 20_000

/** Runs `nix build --dry-run`. Answers null when Nix did not say. */
export async function planBuild(command: Command, signal: AbortSignal): Promise<Plan | null> {
  const ran = await run(command, { signal, timeout: TIMEOUT, maxBuffer: 8 * 1024 * 1024 })
  return ran.code === 0 ? readPlan(ran.stderr) : null
}

/** Reads the messages of a dry run: headings, each followed by indented store paths. */
export function readPlan(stderr: string): Plan {
  const lists = { builds: new Set<string>(), fetches: new Set<string>() }
  let list: Set<string> | null = null
  for (const line of stderr.split('\n')) {
    const entry = parseNixLine(line)
    if (entry.kind !== 'message') continue
    const path = /^ {2}(\/nix\/store\/\S+)$/.exec(entry.text)?.[1]
    if (path !== undefined) list?.add(path)
    else if (/derivations? will be built/.test(entry.text)) list = lists.builds
    else if (/paths? will be fetched/.test(entry.text)) list = lists.fetches
    else list = null
  }
  return { builds: [...lists.builds], fetches: [...lists.fetches] }
}

/**
 * The same plan read from the store, where nothing can be fetched: what is built is what is not there, and what that needs. Null where
 * a derivation does not say where its outputs will be, or cannot be read.
 */
export function planFromStore({ drvPath }: Derivation, realPath: (path: string) => string): Plan | null {
  const builds = new Set<string>()
  const queue = [drvPath]
  for (let drv = queue.pop(); drv !== undefined; drv = queue.pop()) {
    if (builds.has(drv)) continue
    const text = attempt(() => readFileSync(realPath(drv), 'utf8'))
    const outputs = text === null ? [] : readOutputs(text)
    if (text === null || outputs.length === 0 || outputs.includes('')) return null
    if (outputs.every((output) => existsSync(realPath(output)))) continue
    builds.add(drv)
    queue.push(...readInputs(text).filter((input) => input.endsWith('.drv')))
  }
  return { builds: [...builds], fetches: [] }
}

function attempt<T>(work: () => T): T | null {
  try {
    return work()
  } catch {
    return null
  }
}

/** How many of the things that the planned builds read are there already: inputs of theirs that are neither built nor fetched. */
export async function countCached(plan: Plan, derivation: Derivation, realPath: (path: string) => string) {
  if (plan.builds.length === 0) return plan.fetches.length === 0 ? 1 : 0
  const inputs = new Set<string>()
  for (const drv of new Set([...plan.builds, derivation.drvPath])) {
    const text = await readFile(realPath(drv), 'utf8').catch(() => '')
    for (const input of readInputs(text)) inputs.add(input)
  }
  for (const drv of plan.builds) inputs.delete(drv)
  return Math.max(0, inputs.size - plan.fetches.length)
}

// The places of its outputs: `[("out","/nix/store/…","",""),…]`.
function readOutputs(aterm: string): string[] {
  const list = /^Derive\(\[((?:\("[^"]*","[^"]*","[^"]*","[^"]*"\),?)*)\],/.exec(aterm)?.[1] ?? ''
  return [...list.matchAll(/\("[^"]*","([^"]*)",/g)].map(([, path]) => path ?? '')
}

/** Input derivations and sources of a `.drv` file (ATerm: `Derive([outputs],[inputDrvs],[inputSrcs],"system",…`). */
export function readInputs(aterm: string): readonly string[] {
  const lists = /^Derive\(\[.*?\],\[((?:\("[^"]*",\[[^\]]*\]\),?)*)\],\[((?:"[^"]*",?)*)\],"/s.exec(aterm)
  const [, drvs = '', sources = ''] = lists ?? []
  return [...drvs.matchAll(/\("([^"]*)",\[/g), ...sources.matchAll(/"([^"]*)"/g)].map(([, path]) => path ?? '')
}
