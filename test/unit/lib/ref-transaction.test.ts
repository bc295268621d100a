import { existsSync, readFileSync, realpathSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { git } from '../../../src/lib/git.ts'
import { isAncestor, refValue } from '../../../src/lib/git-reads.ts'
import { zeroOid } from '../../../src/lib/oid.ts'
import { end, processes } from '../../../src/lib/proc.ts'
import { gitStandsBy, prepareRefs, RefConflict } from '../../../src/lib/ref-transaction.ts'
import { makeTemporary } from '../../../src/lib/repositories.ts'
import { mustRun } from '../../../src/lib/spawn.ts'
import { path } from '../../helpers/programs.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

async function repository(t: Test) {
  const folder = await makeTemporary(tempDir(t), path, 'main')
  const run = (...args: string[]) => mustRun(git(folder, path, args))
  const tree = await mustRun({ ...git(folder, path, ['mktree']), input: '' })
  const commit = async (message: string, ...parents: string[]) => {
    const flags = parents.flatMap((parent) => ['-p', parent])
    const command = git(folder, path, ['commit-tree', '-m', message, ...flags, tree])
    const author = { GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@example.org' }
    return mustRun({ ...command, env: { ...command.env, ...author } })
  }
  const one = await commit('one')
  return { folder, run, one, two: await commit('two', one), value: (ref: string) => refValue(folder, path, ref) }
}

const locks = ['refs/heads/main.lock', 'HEAD.lock', 'packed-refs.lock', 'packed-refs.new']

t.test('a prepared transaction moves nothing until it is committed, and keeps others out', async (t) => {
  const { folder, one, value } = await repository(t)
  const changes = [
    { ref: 'refs/heads/main', new: one, old: zeroOid },
    { ref: 'refs/hostenv/live/main', new: one, old: null },
  ]
  const refs = await prepareRefs(folder, path, changes)
  t.equal(await value('refs/heads/main'), zeroOid)
  await t.rejects(prepareRefs(folder, path, changes), /main\.lock': File exists/)
  await refs.commit()
  t.equal(await value('refs/heads/main'), one)
  t.equal(await value('refs/hostenv/live/main'), one)
  t.match(readFileSync(join(folder, 'logs/refs/heads/main'), 'utf8'), one, 'with a reflog')
})

t.test('an abort leaves everything as it was', async (t) => {
  const { folder, one, value } = await repository(t)
  const refs = await prepareRefs(folder, path, [{ ref: 'refs/heads/main', new: one, old: zeroOid }])
  await refs.abort()
  t.equal(await value('refs/heads/main'), zeroOid)
  for (const lock of locks) t.notOk(existsSync(join(folder, lock)))
})

t.test('a git that stands by serves one transaction, in the folder that it was started in, and ends', async (t) => {
  const { folder, one, two, value } = await repository(t)
  const change = (value: string, old: string) => [{ ref: 'refs/heads/main', new: value, old }]
  const gits = () =>
    processes().filter(({ parent, command }) => parent === process.pid && command.includes('update-ref'))
  {
    await using waiting = gitStandsBy(folder, path)
    await (await prepareRefs(folder, path, change(one, zeroOid), waiting)).commit()
    t.equal(await value('refs/heads/main'), one)
    t.equal(await waiting.take(folder), null, 'once')
    await (await prepareRefs(folder, path, change(two, one), waiting)).commit()
    t.equal(await value('refs/heads/main'), two, 'and then another one is started')
  }
  {
    await using _unused = gitStandsBy(folder, path)
  }
  const other = await repository(t)
  await using elsewhere = gitStandsBy(other.folder, path)
  t.equal(await elsewhere.take(folder), null, 'another repository')
  await using killed = gitStandsBy(folder, path)
  await sleep(200)
  for (const { pid } of gits()) end(pid)
  await sleep(200)
  await (await prepareRefs(folder, path, change(one, two), killed)).commit()
  t.equal(await value('refs/heads/main'), one, 'one that was killed is replaced')
  await using nowhere = gitStandsBy(join(folder, 'nowhere'), path)
  t.equal(await nowhere.take(folder), null)
  while (gits().length > 0) await sleep(20)
})

t.test('prepare finds what commit could not do', async (t) => {
  const { folder, one, two, run } = await repository(t)
  await run('update-ref', 'refs/heads/feature', one)
  const refused = async (why: RegExp, ref: string, value: string, old: string) => {
    const error = await prepareRefs(folder, path, [{ ref, new: value, old }]).catch((error: unknown) => error)
    t.ok(error instanceof RefConflict, ref)
    t.match(String(error), why)
  }
  await refused(/'refs\/heads\/feature' exists; cannot create/, 'refs/heads/feature/foo', one, zeroOid)
  await refused(/nonexistent object/, 'refs/heads/other', 'f'.repeat(40), zeroOid)
  await refused(/is at .* but expected/, 'refs/heads/feature', two, two)
  writeFileSync(join(folder, 'refs/heads/stale.lock'), '')
  await refused(/stale\.lock': File exists/, 'refs/heads/stale', one, zeroOid)
  t.ok(existsSync(join(folder, 'refs/heads/stale.lock')), 'a lock that was there before is not ours to remove')
  await t.rejects(prepareRefs(join(folder, 'nowhere'), path, []), /cannot start setpriv/)
})

t.test('deleting what is not there is fine', async (t) => {
  const { folder } = await repository(t)
  await (await prepareRefs(folder, path, [{ ref: 'refs/hostenv/live/main', new: null, old: null }])).commit()
})

for (const end_ of ['commit', 'abort'] as const)
  t.test(`a git that was killed leaves no lock after ${end_}`, async (t) => {
    const { folder, one, two, run, value } = await repository(t)
    await run('update-ref', 'refs/heads/main', one)
    await run('update-ref', 'refs/heads/old', one)
    // A deletion of what is packed writes the packed refs anew, beside the lock: a file that stays would stop every later deletion.
    await run('pack-refs', '--all')
    const changes = [
      { ref: 'refs/heads/main', new: two, old: one },
      { ref: 'refs/heads/old', new: null, old: one },
    ]
    const refs = await prepareRefs(folder, path, changes)
    for (const lock of locks) t.ok(existsSync(join(folder, lock)), `${lock} is held`)
    const held = processes().filter(({ command, pid }) => command.includes('update-ref') && cwdOf(pid) === folder)
    for (const { pid } of held) end(pid)
    if (end_ === 'abort') await refs.abort()
    else await t.rejects(refs.commit(), /ended early/)
    t.equal(await value('refs/heads/main'), one)
    for (const lock of locks) t.notOk(existsSync(join(folder, lock)), `${lock} is gone`)
    await (await prepareRefs(folder, path, changes)).commit()
    t.equal(await value('refs/heads/main'), two)
    t.equal(await value('refs/heads/old'), zeroOid)
  })

// The moment is too short to be met: a git that takes a lock as git does, and is killed before it says that it has all of them.
t.test(
  'a git that was killed while it prepared leaves no lock, and none that was there before is taken away',
  async (t) => {
    const { folder, one } = await repository(t)
    const bin = tempDir(t)
    writeFileSync(join(bin, 'git'), '#!/bin/sh\necho "start: ok"\n: > refs/heads/main.lock\nkill -9 $$\n', {
      mode: 0o755,
    })
    const change = { ref: 'refs/heads/main', new: one, old: zeroOid }
    await t.rejects(prepareRefs(folder, `${bin}:${path}`, [change]), /ended early/)
    t.notOk(existsSync(join(folder, 'refs/heads/main.lock')))
    const other = join(folder, 'refs/heads/other.lock')
    writeFileSync(other, '')
    utimesSync(other, 1, 1)
    await t.rejects(
      prepareRefs(folder, `${bin}:${path}`, [change, { ...change, ref: 'refs/heads/other' }]),
      /ended early/,
    )
    t.ok(existsSync(other))
  },
)

t.test('what git cannot tell is not told as absence', async (t) => {
  const { folder, one, two } = await repository(t)
  t.equal(await isAncestor(folder, path, one, two), true)
  t.equal(await isAncestor(folder, path, two, one), false)
  t.equal(await isAncestor(folder, path, 'f'.repeat(40), one), false)
  const broken = (await repository(t)).folder
  writeFileSync(join(broken, 'HEAD'), 'nonsense\n')
  await t.rejects(refValue(broken, path, 'refs/heads/main'), /git cat-file exited 128/)
})

function cwdOf(pid: number): string | null {
  try {
    return realpathSync(`/proc/${pid}/cwd`)
  } catch {
    return null
  }
}
