// Twenty people push to twenty projects at the same moment, each a line that makes one small derivation anew: until the last of them
// is live.
import { type Figure, interleaved } from '../figures.ts'
import { benchProject, changeOneLine } from '../project.ts'
import type { Setting, Target } from '../setting.ts'

const count = 20

export async function twentyProjects(setting: Setting): Promise<Figure> {
  const { ending, byHand } = setting
  const each = await Promise.all(
    Array.from({ length: count }, async (_, n) => ({
      project: await benchProject(ending),
      ours: { name: `twenty/project${n}` } satisfies Target,
      hand: { url: await byHand.repositoryFor(`twenty${n}`, true, ['main']), ssh: byHand.sshd.sshCommand },
    })),
  )
  // Every push brings a line of its own, so that no side finds in the store what the other built.
  let line = 0
  const all = async (side: 'ours' | 'hand') => {
    for (const { project } of each) await changeOneLine(project, ++line)
    const begun = performance.now()
    await Promise.all(each.map((one) => setting.push(one.project, one[side], '+main')))
    return performance.now() - begun
  }
  for (const side of ['ours', 'hand'] as const) await all(side)
  const runs = await interleaved(Math.min(setting.rounds, 3), {
    hostenv: () => all('ours'),
    'by hand': () => all('hand'),
  })
  return { case: '20 pushes to 20 projects at once: all live', runs, unit: 'ms', reach: { 'by hand': 0.5 } }
}
