// What a push costs until its commit is live: nothing to build, one small derivation, a tag of what is built, and the way back.
import { mustRun, run } from '../../src/lib/spawn.ts'
import { cleanEnv } from '../../test/helpers/programs.ts'
import { type Figure, interleaved } from '../figures.ts'
import { benchProject, changeOneLine } from '../project.ts'
import type { Setting, Target } from '../setting.ts'

const checks =
  'both without waiting for the process to stay up; hostenv asks for an answer over HTTP, the hook by hand does not'

export async function deploys(setting: Setting): Promise<Figure[]> {
  const { ending, byHand, rounds, receiver } = setting
  const project = await benchProject(ending)
  const keys = ['main', 'staging', 'dev']
  const ours: Target = { name: 'acme/deploys' }
  const hand: Target = { url: await byHand.repositoryFor('deploys', true, keys), ssh: byHand.sshd.sshCommand }
  for (const target of [ours, hand])
    for (const key of keys) await setting.push(project, target, `main:refs/heads/${key}`)

  // Both get the commit at once, before either is timed: what one builds the other finds in their common store.
  let n = 0
  const changed = await interleaved(rounds, {
    hostenv: async () => {
      await changeOneLine(project, ++n)
      return await setting.push(project, ours, 'main')
    },
    'by hand': async () => {
      await changeOneLine(project, ++n)
      return await setting.push(project, hand, '+main')
    },
  })
  await setting.push(project, ours, 'main')

  const same: Record<string, number[]> = { hostenv: [], 'by hand': [] }
  const tagged: Record<string, number[]> = { hostenv: [], 'by hand': [] }
  for (let round = 0; round < rounds; round++) {
    await changeOneLine(project, ++n)
    for (const target of [ours, hand]) await setting.push(project, target, 'main')
    same.hostenv?.push(await setting.push(project, ours, 'main:dev'))
    same['by hand']?.push(await setting.push(project, hand, 'main:dev'))
    await project.git('tag', `v${n}`)
    tagged.hostenv?.push(await setting.push(project, ours, `v${n}`))
    tagged['by hand']?.push(await setting.push(project, hand, `v${n}`))
  }

  const env = cleanEnv(project.directory)
  const timed = async (argv: readonly [string, ...string[]]) => {
    const begun = performance.now()
    await mustRun({ argv, env })
    return performance.now() - begun
  }
  const releases = JSON.parse((await receiver.ssh('releases', 'main', '-p', 'acme/deploys', '--json')).stdout)
  const [newest] = releases as { n: number }[]
  const last = (newest?.n ?? 0) - 1
  const { stdout } = await run({ argv: byHand.generations('deploys', 'main'), env })
  const generations = [...stdout.matchAll(/^\s*(\d+)/gm)].map(([, number]) => Number(number))
  const [older = 0, newer = 0] = generations.slice(-2)
  const back = await interleaved(rounds, {
    hostenv: (round) => timed([...receiver.sshArgv, 'rollback', 'main', `${last + (round % 2)}`, '-p', 'acme/deploys']),
    'by hand': (round) => timed(byHand.switchTo('deploys', 'main', round % 2 === 0 ? older : newer)),
  })
  return [
    { case: 'same tree, other branch: to live', runs: same, unit: 'ms', reach: { 'by hand': 0.4 }, note: checks },
    { case: 'one line changed: to live', runs: changed, unit: 'ms', reach: { 'by hand': 0.7 }, note: checks },
    { case: 'tag of what is built', runs: tagged, unit: 'ms', reach: { 'by hand': 0.3 } },
    { case: 'rollback', runs: back, unit: 'ms', reach: { 'by hand': 0.3 } },
  ]
}
