// A command on a terminal of its own, inside a sandbox: script(1) of util-linux makes the terminal there. Pure; argv data.
// script takes the command as text for a shell. That text never holds a word of the person's: the words travel as variables, and
// the text is the same for every command of as many words.

export interface TerminalCommand {
  /** Reads `ROWS COLUMNS` lines on descriptor 3, one for each change of the window. */
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
}

// Runs inside the sandbox, whose end is the end of both. $1 is the text for script, which would wait for the loop if it took the
// shell's place.
const around = `HOSTENV_RUN_TTY=$(mktemp) || exit 126
export HOSTENV_RUN_TTY
while read -r rows columns; do
  stty -F "$(cat "$HOSTENV_RUN_TTY")" rows "$rows" cols "$columns" 2>/dev/null
done <&3 3<&- &
exec 3<&-
script -q -e -f -E always -c "$1" /dev/null`

/** How the command line of what makes the terminal begins (proc_pid_cmdline(5)). */
export const makesTerminal = 'script\0-q\0-e\0-f\0-E\0always\0'

/** Wraps a command of any words. */
export function terminalCommand(
  argv: readonly string[],
  { term, columns, rows }: { readonly term: string; readonly columns: number; readonly rows: number },
): TerminalCommand {
  const names = argv.map((_, index) => `HOSTENV_RUN_${index}`)
  const inside = [
    'tty > "$HOSTENV_RUN_TTY"',
    'stty rows "$HOSTENV_RUN_ROWS" cols "$HOSTENV_RUN_COLUMNS"',
    `set -- ${names.map((name) => `"$${name}"`).join(' ')}`,
    `unset HOSTENV_RUN_TTY HOSTENV_RUN_ROWS HOSTENV_RUN_COLUMNS SHELL ${names.join(' ')}`,
    'exec "$@"',
  ]
  const words = Object.fromEntries(argv.map((word, index) => [`HOSTENV_RUN_${index}`, word]))
  const size = { HOSTENV_RUN_ROWS: String(rows), HOSTENV_RUN_COLUMNS: String(columns) }
  return {
    argv: ['/bin/sh', '-c', around, 'sh', inside.join('; ')],
    env: { ...words, ...size, TERM: term, SHELL: '/bin/sh' },
  }
}
