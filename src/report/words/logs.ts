// `logs`: the whole log of one deploy, as it is on disk.

import { printable } from '../../lib/printable.ts'
import { projectName } from '../../lib/repositories.ts'
import { documents } from './schema.ts'
import { selectEnvironment } from './select.ts'
import type { DeployView, WordContext } from './views.ts'
import { Stop, type Word, type WordArguments } from './word.ts'

/** Characters; a longer line is cut into several, so that a log without line ends costs no memory. */
const LONGEST_LINE = 16 * 1024

export const logs: Word = {
  name: 'logs',
  usage: 'logs DEPLOY|ENV [-p ORG/PROJECT] [--json]',
  summary: 'print the log of a deploy (d41), or of the newest deploy of an environment',
  takes: [1, 1],
  perProject: true,
  async run(args, context) {
    const deploy = await selectDeploy(args.rest[0]!, args, context)
    const lines = linesOf(context.views.readLog(deploy), context.closed)
    if (args.json) return printDocument(deploy, lines, context)
    for await (const line of lines) await context.stdout(`${line}\n`)
  },
}

async function selectDeploy(text: string, args: WordArguments, context: WordContext): Promise<DeployView> {
  const number = args.project === null ? /^d?([1-9]\d{0,14})$/.exec(text) : null
  if (!number) {
    const { project, environment } = await selectEnvironment(text, args, context)
    const newest = await context.views.latestDeploy(project, environment.key)
    if (!newest) throw new Stop(1, `${projectName(project)}:${environment.key} has no deploy yet.`)
    return newest
  }
  const deploy = await context.views.deploy(Number(number[1]))
  const projects = await context.views.projects(context.pusher)
  if (!deploy || !projects.some((project) => projectName(project) === projectName(deploy.project)))
    throw new Stop(1, `There is no deploy d${number[1]} that you may see.`)
  return deploy
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
