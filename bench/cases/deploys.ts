// What a push costs until its commit is live: nothing to build, one small derivation, a tag of what is built, and the way back.
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { mustRun, run } from '../../src/lib/spawn.ts'
import { cleanEnv } from '../../test/helpers/programs.ts'
import { type Figure, interleaved } from '../figures.ts'
import { benchProject, changeOneLine } from '../project.ts'
import type { Setting, Target } from '../setting.ts'

const checks =
  'from the command to the first answer of what is new, asked of its socket; by hand, nothing is checked or could be undone'

export async function deploys(setting: Setting): Promise<Figure[]> {
  const { ending, byHand, rounds, receiver } = setting
  const project = await benchProject(ending)
  const keys = ['main', 'staging', 'dev']
  const ours: Target = { name: 'acme/deploys' }
  const hand: Target = { url: await byHand.repositoryFor('deploys', true, keys), ssh: byHand.sshd.sshCommand }
  for (const target of [ours, hand])
    for (const key of keys) await setting.push(project, target, `main:refs/heads/${key}`)
  const sockets = await setting.sockets('acme/deploys')
  /** Milliseconds of a push until what it brings answers. */
  const live = (target: Target, refspec: string, key: string) =>
    untilNew(target === ours ? (sockets.get(key) ?? '') : byHand.socket('deploys', key), () =>
      setting.push(project, target, refspec),
    )

  // Both get the commit at once, before either is timed: what one builds the other finds in their common store.
  let n = 0
  const changed = await interleaved(rounds, {
    hostenv: async () => {
      await changeOneLine(project, ++n)
      return await live(ours, 'main', 'main')
    },
    'by hand': async () => {
      await changeOneLine(project, ++n)
      return await live(hand, '+main', 'main')
    },
  })
  await setting.push(project, ours, 'main')

  // What is live on main is built: on another branch as it is, in a commit of its own (as a merge makes them), and under a tag.
  const both = async (work: (target: Target) => Promise<number>) => ({
    hostenv: await work(ours),
    'by hand': await work(hand),
  })
  const runs = { commit: noRuns(), tree: noRuns(), tag: noRuns() }
  for (let round = 0; round < rounds; round++) {
    await changeOneLine(project, ++n)
    await both((target) => setting.push(project, target, 'main'))
    add(runs.commit, await both((target) => live(target, 'main:dev', 'dev')))
    await changeOneLine(project, ++n)
    await both((target) => setting.push(project, target, 'main'))
    await project.git('commit', '-q', '--allow-empty', '-m', `Nothing new ${n}`)
    add(runs.tree, await both((target) => live(target, 'main:dev', 'dev')))
    await project.git('tag', `v${n}`)
    add(runs.tag, await both((target) => live(target, `v${n}`, 'staging')))
  }

  const env = cleanEnv(project.directory)
  const releases = JSON.parse((await receiver.ssh('releases', 'main', '-p', 'acme/deploys', '--json')).stdout)
  const [newest] = releases as { n: number }[]
  const last = (newest?.n ?? 0) - 1
  const { stdout } = await run({ argv: byHand.generations('deploys', 'main'), env })
  const generations = [...stdout.matchAll(/^\s*(\d+)/gm)].map(([, number]) => Number(number))
  const [older = 0, newer = 0] = generations.slice(-2)
  const back = await interleaved(rounds, {
    hostenv: (round) =>
      untilNew(sockets.get('main') ?? '', () =>
        mustRun({
          argv: [...receiver.sshArgv, 'rollback', 'main', `${last + (round % 2)}`, '-p', 'acme/deploys'],
          env,
        }),
      ),
    'by hand': (round) =>
      untilNew(byHand.socket('deploys', 'main'), () =>
        mustRun({ argv: byHand.switchTo('deploys', 'main', round % 2 === 0 ? older : newer), env }),
      ),
  })
  const alone: number[] = []
  for (let round = 0; round < rounds; round++) {
    const argv = byHand.activateAlone('deploys', 'main', [older, newer])
    alone.push(await untilNew(byHand.socket('deploys', 'main'), () => mustRun({ argv, env })))
  }
  return [
    { case: 'same tree, other branch: to live', runs: runs.tree, unit: 'ms', reach: { 'by hand': 0.4 }, note: checks },
    { case: 'same commit, other branch: to live', runs: runs.commit, unit: 'ms', reach: {}, note: checks },
    { case: 'one line changed: to live', runs: changed, unit: 'ms', reach: { 'by hand': 0.7 }, note: checks },
    { case: 'tag of what is built', runs: runs.tag, unit: 'ms', reach: { 'by hand': 0.3 }, note: checks },
    {
      case: 'rollback',
      runs: { ...back, 'activate alone': alone },
      unit: 'ms',
      reach: { 'by hand': 0.3 },
      note: checks,
    },
  ]
}

type Runs = Record<'hostenv' | 'by hand', number[]>

const noRuns = (): Runs => ({ hostenv: [], 'by hand': [] })

function add(runs: Runs, one: Record<keyof Runs, number>): void {
  for (const peer of ['hostenv', 'by hand'] as const) runs[peer].push(one[peer])
}

// What a service says first is the greeting of its commit.
async function untilNew(socket: string, work: () => Promise<unknown>): Promise<number> {
  const before = await firstLine(socket)
  const begun = performance.now()
  await work()
  while ([before, ''].includes(await firstLine(socket))) {
    if (performance.now() - begun > 60_000) throw new Error(`nothing new at ${socket}`)
    await sleep(2)
  }
  return performance.now() - begun
}

function firstLine(socketPath: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const asked = request({ socketPath, agent: false }, (response) => {
    response.setEncoding('utf8').once('data', (text: string) => resolve(text.split('\n')[0] ?? ''))
    response.once('close', () => resolve(''))
  })
  asked.once('error', () => resolve(''))
  asked.end()
  return promise
}
