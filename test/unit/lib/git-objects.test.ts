import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { objectsOf } from '../../../src/lib/git-objects.ts'
import { isAncestor, refValue } from '../../../src/lib/git-reads.ts'
import { zeroOid } from '../../../src/lib/oid.ts'
import { descendants, end, processes } from '../../../src/lib/proc.ts'
import { mustRun } from '../../../src/lib/spawn.ts'
import { path } from '../../helpers/programs.ts'
import { makeProject } from '../../helpers/project.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

t.test('names are looked up anew each time, in an open git', async (t) => {
  const project = await makeProject(t)
  const repository = join(project.directory, '.git')
  const one = (await project.git('rev-parse', 'HEAD')).trim()
  t.same(await objectsOf(repository, path, ['refs/heads/main', 'refs/heads/none', 'HEAD:.hostenv']), [
    { oid: one, type: 'commit' },
    null,
    { oid: (await project.git('rev-parse', 'HEAD:.hostenv')).trim(), type: 'tree' },
  ])
  const two = (await project.commit('Two')).trim()
  t.equal(await refValue(repository, path, 'refs/heads/main'), two, 'a ref that moved')
  await project.git('update-ref', 'refs/heads/packed', one)
  await project.git('pack-refs', '--all')
  await project.git('gc', '-q')
  t.equal(
    await refValue(repository, path, 'refs/heads/packed'),
    one,
    'a packed ref, and objects that were packed since',
  )
  t.equal(await refValue(repository, path, 'refs/heads/none'), zeroOid)
  await t.rejects(objectsOf(repository, path, ['HEAD\nHEAD']), /more than one line/)
})

t.test(
  'a ref whose name looks like a description is that ref, or none, and never the commit that it describes',
  async (t) => {
    const project = await makeProject(t)
    const repository = join(project.directory, '.git')
    const one = (await project.git('rev-parse', 'HEAD')).trim()
    const two = (await project.commit('Two')).trim()
    for (const digits of [4, 7, 40])
      for (const id of [one.slice(0, digits), one.slice(0, digits).toUpperCase()])
        for (const ref of [`refs/tags/v1.0-3-g${id}`, `refs/heads/fix/1-g${id}`]) {
          t.equal(await refValue(repository, path, ref), zeroOid, ref)
          await project.git('update-ref', ref, two)
          t.equal(await refValue(repository, path, ref), two)
          await project.git('pack-refs', '--all')
          t.equal(await refValue(repository, path, ref), two)
          await project.git('update-ref', '-d', ref)
          await project.git('update-ref', `${ref}/below`, two)
          t.equal(await refValue(repository, path, ref), zeroOid, 'a folder of refs is none')
          await project.git('update-ref', '-d', `${ref}/below`)
        }
  },
)

t.test('a git that is killed is replaced, and so is one whose repository is another now', async (t) => {
  const [first, second] = await Promise.all([makeProject(t), makeProject(t, 'hello-web', { other: 'other\n' })])
  const place = join(tempDir(t, 'repository'), 'project.git')
  const put = async (from: string) => {
    rmSync(place, { recursive: true, force: true })
    await mustRun({ argv: ['git', 'clone', '-q', '--bare', from, `${place}.new`], env: { PATH: path } })
    renameSync(`${place}.new`, place)
    return (await mustRun({ argv: ['git', '-C', from, 'rev-parse', 'main'], env: { PATH: path } })).trim()
  }
  const one = await put(first.directory)
  t.equal(await refValue(place, path, 'refs/heads/main'), one)
  const all = processes()
  const gits = descendants(process.pid, all).filter((pid) =>
    all.find((one) => one.pid === pid)?.command.includes('cat-file'),
  )
  t.ok(gits.length > 0)
  for (const pid of gits) end(pid)
  t.equal(await refValue(place, path, 'refs/heads/main'), one, 'after the kill')
  const two = await put(second.directory)
  t.not(two, one)
  t.equal(await refValue(place, path, 'refs/heads/main'), two, 'another repository in its place')
})

t.test('ancestors near and far, aside and missing', async (t) => {
  const project = await makeProject(t)
  const repository = join(project.directory, '.git')
  const line = [(await project.git('rev-parse', 'HEAD')).trim()]
  for (let n = 0; n < 20; n++) line.push((await project.commit(`${n}`)).trim())
  await project.git('checkout', '-q', '-b', 'aside', line[3] as string)
  const aside = (await project.commit('Aside')).trim()
  await project.git('checkout', '-q', 'main')
  await project.git('merge', '-q', '--no-ff', '-m', 'Merge', 'aside')
  const merged = (await project.git('rev-parse', 'HEAD')).trim()
  const [first, last] = [line[0] as string, line[20] as string]
  const table: [string, string, boolean][] = [
    [last, last, true],
    [line[19] as string, last, true],
    [first, last, true],
    [last, first, false],
    [aside, last, false],
    [aside, merged, true],
    [first, merged, true],
    [`${'0'.repeat(39)}1`, last, false],
    [last, `${'0'.repeat(39)}1`, false],
  ]
  for (const [old, now, should] of table) t.equal(await isAncestor(repository, path, old, now), should, `${old} ${now}`)
})
