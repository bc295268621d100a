// The words that `ssh HOST WORD` accepts, and how one is run.
import { printable } from '../../lib/printable.ts'
import { Refused } from '../../records.ts'
import { wrap } from '../wrap.ts'
import { access } from './access.ts'
import { parseArguments, shown } from './arguments.ts'
import { audit } from './audit.ts'
import { cancel } from './cancel.ts'
import { destroy } from './destroy.ts'
import { envs } from './envs.ts'
import { help, helpText } from './help.ts'
import { keys } from './keys.ts'
import { logs } from './logs.ts'
import { open } from './open.ts'
import { pause } from './pause.ts'
import { projects } from './projects.ts'
import { ps } from './ps.ts'
import { redeploy } from './redeploy.ts'
import { releases } from './releases.ts'
import { renew } from './renew.ts'
import { restart } from './restart.ts'
import { rollback } from './rollback.ts'
import { run } from './run.ts'
import { usageLines } from './usage.ts'
import { users } from './users.ts'
import type { WordContext } from './views.ts'
import { wake } from './wake.ts'
import { whoami } from './whoami.ts'
import { Stop, type Word } from './word.ts'

/** In the order of the help. */
export const words: readonly Word[] = [
  ...[envs, open, releases, logs, ps, run, restart, rollback, redeploy, cancel],
  ...[renew, pause, wake, destroy, access, audit, users, keys, projects, whoami, help],
]

/**
 * Runs one word and answers its exit code: 0, or that of a command that it ran; 1 for an unknown word, wrong usage, or what does not exist or may not be
 * seen; 2 when the project has to be named. Throws what the views throw.
 */
export async function runWord(argv: readonly string[], context: WordContext): Promise<number> {
  const [name, ...rest] = argv
  const word = words.find((one) => one.name === name || (one.name === 'help' && (name === '--help' || name === '-h')))
  try {
    if (name === undefined) throw new Stop(1, 'Say a word.')
    if (!word) throw new Stop(1, `${shown(name)} is not a word.`)
    if (asksForHelp(rest)) return await runWord(['help', word.name], context)
    return (await word.run(parseArguments(word, rest), context, words)) ?? 0
  } catch (error) {
    if (error instanceof Refused) return await refused(error, context)
    if (!(error instanceof Stop)) throw error
    const below = word
      ? error.help
        ? usageLines(word, 'usage: ')
        : []
      : name === undefined
        ? ['', helpText(words)]
        : known()
    await context.stderr(`${[`hostenv: ${error.message}`, ...below].join('\n').trimEnd()}\n`)
    return error.code
  }
}

/** The words there are, for who said another one: short, so that what was wrong stays in sight. */
function known(): readonly string[] {
  const names = words.map((word) => word.name).join(', ')
  return [...wrap(`There are: ${names}`, { first: '  ', hanging: '    ' }), '  What each does: ssh HOST help']
}

// What follows `--` belongs to a command.
function asksForHelp(argv: readonly string[]): boolean {
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv
  return own.includes('--help') || own.includes('-h')
}

// A verb said no: why, and what to do next.
async function refused({ headline, detail, help }: Refused, context: WordContext): Promise<number> {
  const lines = [...detail, ...help].flatMap((line) => wrap(printable(line), { first: '  ', hanging: '    ' }))
  await context.stderr([...wrap(printable(headline), { first: 'hostenv: ' }), ...lines, ''].join('\n'))
  return 1
}

/** Whether these arguments mean a word that takes the terminal for itself. */
export function takesTerminal([name]: readonly string[]): boolean {
  return words.some((word) => word.name === name && word.takesTerminal === true)
}
