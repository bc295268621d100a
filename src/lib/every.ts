// Work that is done again and again, as often as a setting says now: a change of the setting is noticed within a second.

/**
 * Calls `work` once in every `interval()` milliseconds, the first time after one, but not while what it answered last is not settled; that
 * must not reject. Does not keep the process alive; abort the answer to stop.
 */
export function every(interval: () => number, work: () => void | Promise<void>): AbortController {
  const controller = new AbortController()
  let last = performance.now()
  let timer: NodeJS.Timeout | undefined
  let working = false
  const wait = () => {
    const left = last + interval() - performance.now()
    timer = setTimeout(tick, Math.min(Math.max(left, 0), NOTICED)).unref()
  }
  const once = async () => {
    working = true
    await work()
    working = false
  }
  const tick = () => {
    // A timer may fire a millisecond early.
    if (performance.now() - last >= interval() - 1) {
      last = performance.now()
      if (!working) void once()
    }
    if (!controller.signal.aborted) wait()
  }
  controller.signal.addEventListener('abort', () => clearTimeout(timer))
  wait()
  return controller
}

const NOTICED = 1000
