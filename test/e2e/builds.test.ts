// Builds of several pushes: so many at once, the others with a visible place in the queue, and the same one only once.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { agree, leftByCrash, until } from '../helpers/agree.ts'
import { makeQuickProject } from '../helpers/quick-project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { tempDir } from '../helpers/temp-dir.ts'

t.test('builds of several pushes', async (t) => {
  // Builds see this folder, which is how they can wait for a sign and be counted.
  const seen = tempDir(t, 'seen')
  mkdirSync(join(seen, 'runs'))
  // Whoever builds may be another user.
  chmodSync(seen, 0o755)
  chmodSync(join(seen, 'runs'), 0o777)
  const overrides = { limits: { buildsAtOnce: 1 }, seenByBuilds: [seen] }
  const receiver = await startReceiver(t, {
    args: ['--allow-unsandboxed-builds'],
    faults: '',
    env: { HOSTENV_OVERRIDES: JSON.stringify(overrides) },
  })
  // Its lines are never empty: each run of the build adds one.
  const counted = (name: string) =>
    `echo run >> ${seen}/runs/${name}; until [ -e ${seen}/${name} ]; do sleep 0.1; done; echo page > $out\n`
  const begun = (name: string) => existsSync(join(seen, 'runs', name))
  const go = (name: string) => writeFileSync(join(seen, name), '')
  const runs = (name: string) =>
    readFileSync(join(seen, 'runs', name), 'utf8')
      .trim()
      .split('\n').length

  await t.test('a push that has to wait hears how many are before it, and when there are fewer', async (t) => {
    const names = ['first', 'second', 'third']
    const pushes = []
    const said: string[][] = []
    for (const [index, name] of names.entries()) {
      const project = await makeQuickProject(t, { 'build.sh': counted(name) })
      const lines: string[] = []
      said.push(lines)
      pushes.push(project.push(receiver, 'main', { name: `acme/${name}`, onLine: ({ text }) => void lines.push(text) }))
      if (index === 0) await until('the first builds', () => begun('first'), 40)
      else await until(`${name} waits`, () => lines.some((line) => line.includes('Waiting for')), 40)
    }
    t.match(said[1]?.join('\n'), /-----> Waiting for 1 build$/m)
    t.match(said[2]?.join('\n'), /-----> Waiting for 2 builds$/m)
    t.notOk(begun('second'), 'one at a time')
    go('first')
    await until('the third has come forward', () => said[2]?.join('\n').match(/Waiting for 1 build$/m), 40)
    t.notOk(begun('third'))
    for (const name of ['second', 'third']) go(name)
    for (const pushed of await Promise.all(pushes)) t.equal(pushed.code, 0, pushed.stderr)
  })

  await t.test('two environments that want the same derivation build it once', async (t) => {
    await receiver.restart({
      args: ['--allow-unsandboxed-builds'],
      faults: '',
      env: { HOSTENV_OVERRIDES: JSON.stringify({ ...overrides, limits: { buildsAtOnce: 4 } }) },
    })
    const project = await makeQuickProject(t)
    const name = 'acme/same'
    t.equal((await project.push(receiver, 'main', { name })).code, 0)
    const commit = await project.commit('counted', { 'build.sh': counted('same') })
    const pushes = ['main', 'staging', 'dev'].map((key) => project.push(receiver, `HEAD:refs/heads/${key}`, { name }))
    await until('it is being built', () => begun('same'), 40)
    go('same')
    for (const pushed of await Promise.all(pushes)) t.equal(pushed.code, 0, pushed.stderr)
    t.equal(runs('same'), 1)
    for (const key of ['main', 'staging', 'dev'])
      t.same(await agree(receiver, name, key, { live: commit, branch: commit }), [])
  })
  t.same(leftByCrash(receiver), [])
})
