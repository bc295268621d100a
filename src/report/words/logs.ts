// `logs`: the log of one deploy, as it is on disk or while it is written; and what a process wrote.

import { printable } from '../../lib/printable.ts'
import { projectName } from '../../lib/repositories.ts'
import { asked } from './change.ts'
import { documents } from './schema.ts'
import { selectEnvironment } from './select.ts'
import { selectDeploy } from './select-deploy.ts'
import type { DeployView, WordContext } from './views.ts'
import { Stop, type Word, type WordArguments } from './word.ts'

/** Characters; a longer line is cut into several, so that a log without line ends costs no memory. */
const LONGEST_LINE = 16 * 1024

export const logs: Word = {
  name: 'logs',
  usage: 'logs DEPLOY|ENV [PROCESS] [--follow] [--lines N] [-p ORG/PROJECT] [--json]',
  summary: 'print the log of a deploy (d41), of the newest deploy of an environment, or of a process',
  takes: [1, 2],
  perProject: true,
  options: { follow: 'flag', lines: 'value' },
  async run(args, context) {
    if (args.rest[1] !== undefined) {
      await processLog(args, context)
      return 0
    }
    if (args.options.lines !== undefined) throw new Stop(1, '--lines is for the log of a process.', true)
    const deploy = await selectDeploy(args.rest[0]!, args, context)
    if (args.json && args.options.follow) throw new Stop(1, '--follow prints lines, not a document.', true)
    if (args.options.follow) return await follow(deploy, context)
    const lines = linesOf(await begun(deploy, context.views.readLog(deploy)), context.closed)
    if (args.json) await printDocument(deploy, lines, context)
    else for await (const line of lines) await context.stdout(`${line}\n`)
    return 0
  },
}

/** The same, its first piece read: that there is no log has to be known before anything of it is printed. */
async function begun({ id }: DeployView, pieces: AsyncIterable<string>): Promise<AsyncIterable<string>> {
  const all = pieces[Symbol.asyncIterator]()
  const first = await all.next().catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    throw new Stop(1, `There is no log of d${id} any more: hostenv gc removes those of old deploys.`)
  })
  return (async function* () {
    try {
      for (let next = first; !next.done; next = await all.next()) yield next.value
    } finally {
      await all.return?.()
    }
  })()
}

// To its end where it is under way; the exit is its outcome.
async function follow(deploy: DeployView, context: WordContext): Promise<number> {
  const { views, closed = new AbortController().signal } = context
  for await (const line of linesOf(views.followLog(deploy, closed), closed)) await context.stdout(`${line}\n`)
  const { id, stage, reason } = (await views.deploy(deploy.id)) ?? deploy
  if (stage === 'done' || stage === 'committed') return 0
  const what = stage === 'failed' ? `was refused: ${reason}` : 'goes on; nobody listens to it any more'
  await context.stderr(`hostenv: d${id} ${printable(what)}\n`)
  return 1
}

async function processLog(args: WordArguments, context: WordContext): Promise<void> {
  if (args.json) throw new Stop(1, 'What a process wrote is printed as it is, not as a document.', true)
  const [name, process] = args.rest as [string, string]
  const selected = await selectEnvironment(name, args, context)
  const log = { process, lines: lineCount(args), follow: args.options.follow === true }
  const pieces = context.verbs.processLog(asked(selected, context), log)
  for await (const line of linesOf(pieces, context.closed)) await context.stdout(`${line}\n`)
}

function lineCount({ options }: WordArguments): number {
  const { lines = '200' } = options
  if (typeof lines === 'string' && /^[1-9]\d{0,5}$/.test(lines)) return Number(lines)
  throw new Stop(1, '--lines takes a number from 1 to 999999.', true)
}

/** Streams the document: a log may be larger than memory. */
async function printDocument(deploy: DeployView, lines: AsyncIterable<string>, context: WordContext): Promise<void> {
  const { id, project, reason, ref, commit, key, kind, stage, at, by } = deploy
  const head = documents.logs.parse({
    deploy: id,
    project: projectName(project),
    key,
    kind,
    ref: ref === '' ? null : ref,
    commit,
    stage,
    reason,
    at,
    by,
    lines: [],
  })
  await context.stdout(JSON.stringify(head, null, 2).replace(/\]\s*\}$/, ''))
  let separator = '\n    '
  for await (const line of lines) {
    await context.stdout(separator + JSON.stringify(line))
    separator = ',\n    '
  }
  await context.stdout('\n  ]\n}\n')
}

/** Lines without control characters; stops when nobody listens any more. */
async function* linesOf(pieces: AsyncIterable<string>, closed: AbortSignal | undefined): AsyncGenerator<string> {
  let rest = ''
  for await (const piece of pieces) {
    if (closed?.aborted) return
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield* cut(line)
    while (rest.length > LONGEST_LINE) {
      yield printable(rest.slice(0, LONGEST_LINE))
      rest = rest.slice(LONGEST_LINE)
    }
  }
  if (rest !== '') yield printable(rest)
}

function* cut(line: string): Generator<string> {
  for (let at = 0; at === 0 || at < line.length; at += LONGEST_LINE) yield printable(line.slice(at, at + LONGEST_LINE))
}
