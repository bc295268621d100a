// How the quickstart talks: headings, commands as a person would type them, and their real output.
import { start } from '../../src/lib/spawn.ts'

const bold = process.stdout.isTTY ? (text: string) => `\u001b[1m${text}\u001b[0m` : (text: string) => text

/** A step that did not do what is expected; the message is a whole sentence. */
export class QuickstartError extends Error {}

export function heading(text: string): void {
  say(`\n${bold(`== ${text}`)}`)
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** A command line that a person could type. */
export function command(text: string): void {
  say(`${bold('$')} ${text}`)
}

/** Milliseconds as a person says them. */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

export interface Where {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** Shows a command and runs it with its output going straight to the terminal; answers the exit code. */
export async function shown(argv: readonly [string, ...string[]], where: Where): Promise<number | null> {
  command(argv.map(quoted).join(' '))
  const child = start({ argv, cwd: where.cwd, env: where.env }, ['ignore', 1, 2])
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
}

function quoted(word: string): string {
  return /^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
