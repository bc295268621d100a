// The terminal of a person at the other end, where they asked for one (RFC 4254, 6.2).

export interface ClientTerminal {
  /** As in terminfo(5); `dumb` where the client said something else than a name. */
  readonly term: string
  /** Of now: a window changes. */
  readonly size: () => TerminalSize
  /** Calls back at each change. */
  readonly onResize: (callback: (size: TerminalSize) => void) => void
}

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

/** What a client said of its window, within what a terminal can be. */
export function terminalSize(columns: number, rows: number): TerminalSize {
  const within = (value: number, standard: number) => (value >= 1 && value <= 1000 ? Math.floor(value) : standard)
  return { columns: within(columns, 80), rows: within(rows, 24) }
}

/** A terminal's name that may be handed on. */
export function terminalName(term: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9+._-]{0,63}$/.test(term) ? term : 'dumb'
}
