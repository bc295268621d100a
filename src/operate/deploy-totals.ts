// Deploys counted by outcome, and how long their stages took. Taken from the record, so a restart does not reset them.
import type { DeployRow, Deploys } from '../state/deploys.ts'
import { Histogram } from './metrics-text.ts'

/** Seconds. */
const BOUNDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600]

const outcomes = [
  ...(['live', 'stopped', 'build_failed', 'activate_failed', 'check_failed'] as const),
  ...(['cancelled', 'refused', 'receiver_failed'] as const),
] as const
export type Outcome = (typeof outcomes)[number]

export interface Totals {
  readonly outcomes: ReadonlyMap<Outcome, number>
  /** By stage (`resolve`, `build`, `total`), of deploys that became live. */
  readonly stages: ReadonlyMap<string, Histogram>
}

/** How a finished deploy ended; null while it is on its way. */
export function outcomeOf({ stage, reason, release }: Pick<DeployRow, 'stage' | 'reason' | 'release'>): Outcome | null {
  if (stage === 'done') return release === null ? 'stopped' : 'live'
  if (stage !== 'failed') return null
  const why = reason ?? ''
  if (why.startsWith('build failed')) return 'build_failed'
  if (why.startsWith('activate failed')) return 'activate_failed'
  if (/^(GET |listens on port )|did not stay up| died: /.test(why)) return 'check_failed'
  if (/^(cancelled|superseded|interrupted|the receiver is shutting down)/.test(why)) return 'cancelled'
  if (/^(the receiver could not|the disk of the receiver)/.test(why)) return 'receiver_failed'
  return 'refused'
}

/** Keeps the sum of all deploys up to the oldest open one, so that each look reads only what came after. */
export class DeployTotals {
  readonly #deploys: Pick<Deploys, 'after'>
  #settled = 0
  readonly #counts = new Map<Outcome, number>(outcomes.map((outcome) => [outcome, 0]))
  readonly #stages = new Map<string, Histogram>()

  constructor(deploys: Pick<Deploys, 'after'>) {
    this.#deploys = deploys
  }

  read(): Totals {
    const rows = this.#deploys.after(this.#settled)
    const firstOpen = rows.findIndex((row) => outcomeOf(row) === null)
    const settled = firstOpen === -1 ? rows : rows.slice(0, firstOpen)
    for (const row of settled) add(row, this.#counts, this.#stages)
    this.#settled = settled.at(-1)?.id ?? this.#settled
    const counts = new Map(this.#counts)
    const stages = new Map([...this.#stages].map(([name, histogram]) => [name, histogram.clone()]))
    for (const row of rows.slice(settled.length)) add(row, counts, stages)
    return { outcomes: counts, stages }
  }
}

function add(row: DeployRow, counts: Map<Outcome, number>, stages: Map<string, Histogram>): void {
  const outcome = outcomeOf(row)
  if (outcome === null) return
  counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  for (const [name, ms] of Object.entries(JSON.parse(row.stages) as Record<string, number>)) {
    const histogram = stages.get(name) ?? new Histogram(BOUNDS)
    histogram.observe(ms / 1000)
    stages.set(name, histogram)
  }
}
