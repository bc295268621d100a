// A repository of 50,000 files of which one changed, and what that costs beside one of 500 files.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Figure, interleaved } from '../figures.ts'
import { benchProject, changeOneLine } from '../project.ts'
import type { Setting, Target } from '../setting.ts'

const folders = 100

/** `files` small files in a hundred folders, beside the project itself. */
async function sized(setting: Setting, files: number) {
  const name = `files${files}`
  const project = await benchProject(setting.ending)
  for (let n = 0; n < files; n++) {
    const folder = join(project.directory, `src/${n % folders}`)
    if (n < folders) mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${n}.txt`), `File ${n} of ${files}\n`.repeat(10))
  }
  await project.commit(`${files} files`)
  const ours: Target = { name: `acme/${name}` }
  const url = await setting.byHand.repositoryFor(name, true, ['main'])
  const hand: Target = { url, ssh: setting.byHand.sshd.sshCommand }
  for (const target of [ours, hand]) await setting.push(project, target, 'main')
  let n = 0
  const push = (target: Target) => async () => {
    await changeOneLine(project, ++n)
    return await setting.push(project, target, '+main')
  }
  // Both have had a push that was not their first one.
  for (const target of [ours, hand]) await push(target)()
  return { hostenv: push(ours), 'by hand': push(hand) }
}

export async function manyFiles(setting: Setting): Promise<Figure[]> {
  const many = await sized(setting, 50_000)
  const few = await sized(setting, 500)
  const runs = await interleaved(Math.min(setting.rounds, 2), {
    ...many,
    'hostenv, 500 files': few.hostenv,
    'by hand, 500 files': few['by hand'],
  })
  const of = (...names: string[]) => Object.fromEntries(names.map((name) => [name.split(',')[0], runs[name] ?? []]))
  return [
    { case: '50,000 files, one changed', runs: of('hostenv', 'by hand'), unit: 'ms', reach: { 'by hand': 0.5 } },
    { case: '500 files, one changed', runs: of('hostenv, 500 files', 'by hand, 500 files'), unit: 'ms', reach: {} },
    {
      ...{ case: '50,000 files beside 500', unit: 'ms', reach: {} },
      runs: { 'hostenv, 50,000': runs.hostenv ?? [], 'hostenv, 500': runs['hostenv, 500 files'] ?? [] },
    },
  ]
}
