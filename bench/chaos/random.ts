// Chance that can be repeated: everything random of a run follows from its seed.

export interface Random {
  readonly seed: number
  /** At least `least`, less than `most`; whole. */
  whole(least: number, most: number): number
  pick<T>(values: readonly T[]): T
  chance(share: number): boolean
}

/** A generator by its seed (mulberry32: 32 bits of state, good enough to choose moments and victims). */
export function random(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const whole = (least: number, most: number) => least + Math.floor(next() * (most - least))
  return { seed, whole, pick: (values) => values[whole(0, values.length)] as never, chance: (share) => next() < share }
}
