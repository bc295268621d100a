// `run ENV -- CMD`: a command in the environment's contract, until it ends or its client goes away.
import type { ChildProcess } from 'node:child_process'
import type { Duplex, Writable } from 'node:stream'
import { asEnvironment, makeDirectories } from '../activate/host.ts'
import type { Context } from '../context.ts'
import { endGroup } from '../lib/launch.ts'
import { descendants, end, processes } from '../lib/proc.ts'
import { projectName } from '../lib/repositories.ts'
import { start } from '../lib/spawn.ts'
import { Refused } from '../records.ts'
import type { OneOffVerbs } from '../report/words/one-off.ts'
import type { Asked } from '../report/words/verbs.ts'
import type { WordClient } from '../report/words/views.ts'
import { permit } from '../state/decide.ts'
import { whilePermitted } from '../while-permitted.ts'
import { liveEnvironment } from './live-environment.ts'
import { makesTerminal, terminalCommand } from './terminal-command.ts'

/** Milliseconds between the hang-up that a command hears and its end. */
const GRACE = 2000

/** Signals that a client may send (RFC 4254, 6.10). */
const signals = ['HUP', 'INT', 'QUIT', 'TERM', 'USR1', 'USR2', 'KILL'] as const

/** Makes the verb; it counts the commands that run. */
export function makeRun(ctx: Context): OneOffVerbs['run'] {
  let running = 0
  return async (asked, argv, client) => {
    const { project, key } = asked
    // Of the command only its name is written down: its arguments may be secrets.
    const subject = `${argv[0]}${argv.length > 1 ? ` and ${argv.length - 1} arguments` : ''}`
    const question = { action: 'run', project: projectName(project), key, subject } as const
    permit(ctx.state, asked, question)
    const { runsAtOnce } = ctx.config.limits
    if (running >= runsAtOnce)
      throw new Refused(`${running} commands run at once, which is the most (runsAtOnce)`, {
        help: ['Wait until one of them has ended, or ask the operator to raise the limit.'],
      })
    using permission = whilePermitted(ctx, asked, question)
    running++
    try {
      const child = await begin(ctx, asked, argv, client)
      const code = await ended(child, client, AbortSignal.any([asked.closed, permission.signal, ctx.closing]))
      const why: unknown = permission.signal.reason
      if (why instanceof Refused) throw why
      return code
    } finally {
      running--
    }
  }
}

async function begin(ctx: Context, asked: Asked, argv: readonly string[], client: WordClient): Promise<ChildProcess> {
  const { place, release } = liveEnvironment(ctx, asked)
  makeDirectories(place.facts)
  const { terminal } = client
  const inside =
    terminal === null
      ? { argv: argv as [string, ...string[]], env: {} }
      : terminalCommand(argv, { term: terminal.term, ...terminal.size() })
  const options = { dieWithParent: true, release, chdir: place.facts.dataDir }
  const command = asEnvironment(ctx.host, place, inside.argv, options)
  const stdio = ['pipe', 'pipe', 'pipe', ...(terminal === null ? [] : ['pipe' as const])] as const
  const child = start({ ...command, env: { ...command.env, ...inside.env } }, [...stdio], { detached: true })
  const sizes = child.stdio[3] as Duplex | undefined
  sizes?.on('error', () => undefined)
  terminal?.onResize(({ rows, columns }) => void sizes?.write(`${rows} ${columns}\n`))
  client.onSignal((name) => {
    const known = signals.find((one) => one === name)
    if (known) signalAll(child, `SIG${known}`)
  })
  return child
}

// Both pipes wait for their readers; what is written to a command that has ended, or a client that is gone, is dropped.
function ended(child: ChildProcess, client: WordClient, gone: AbortSignal): Promise<number> {
  const [input, output, errors] = [child.stdin as Writable, child.stdout, child.stderr]
  input.on('error', () => undefined)
  client.stdin.pipe(input)
  output?.pipe(client.stdout, { end: false })
  errors?.pipe(client.stderr, { end: false })
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const hangUp = () => {
      signalAll(child, 'SIGHUP')
      timer = setTimeout(() => endGroup(child), GRACE)
    }
    child.once('error', reject)
    child.once('close', (code, signal) => {
      gone.removeEventListener('abort', hangUp)
      clearTimeout(timer)
      client.stdin.unpipe(input)
      // Ended from outside: as a shell tells it.
      resolve(code ?? (signal === 'SIGKILL' ? 137 : 143))
    })
    if (gone.aborted) hangUp()
    else gone.addEventListener('abort', hangUp, { once: true })
  })
}

// The sandbox hears none of it, nor does what makes the terminal: they end with what runs inside, once that had its say.
function signalAll(child: ChildProcess, signal: NodeJS.Signals): void {
  const all = processes()
  const whole = descendants(child.pid ?? 0, all)
  const named = (program: string) =>
    all.filter(({ pid, command }) => whole.includes(pid) && command.startsWith(program))
  const [terminal] = named(makesTerminal)
  const own = new Set([child.pid, terminal?.pid, ...named('bwrap\0').map(({ pid }) => pid)])
  for (const pid of terminal ? descendants(terminal.pid, all) : whole) if (!own.has(pid)) end(pid, signal)
}
