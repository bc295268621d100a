// Twenty people at once: to twenty branches, and to one. Everybody gets a true answer, and nothing is left over.
import t from 'tap'
import { leftByCrash, record, refOf } from '../helpers/agree.ts'
import { makeKey } from '../helpers/keys.ts'
import { quietModule } from '../helpers/module.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const crowd = 20
const people = Array.from({ length: crowd }, (_, index) => index + 1)

t.test('a crowd', { timeout: 235_000 }, async (t) => {
  const directory = tempDir(t, 'keys')
  const keys = await Promise.all(people.map((n) => makeKey(directory, `person${n}`)))
  const limits = { ssh: { connectionsPerAddress: 100 }, evaluationsAtOnce: 2 }
  const receiver = await startReceiver(t, {
    args: keys.flatMap(({ publicFile }) => ['--admin-key', publicFile]),
    faults: '',
    env: { HOSTENV_OVERRIDES: JSON.stringify({ limits }) },
  })
  const name = 'acme/crowd'
  const environments = { main: 'type = "production";', staging: 'type = "testing";' }
  const module = quietModule(environments, 'previews."feature/*".extends = "main";')
  const project = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': module })
  const base = await project.git('rev-parse', 'HEAD')
  const first = await project.push(receiver, ['main', 'main:staging'], { name })
  t.equal(first.code, 0, first.stderr)
  // Clones that saw the same, each with a commit of its own, all of the same second.
  const commits: string[] = []
  for (const n of people) {
    await project.git('checkout', '-q', '--detach', base)
    commits.push(await project.commit(`by ${n}`, { 'who.txt': `${n}\n` }))
  }

  await t.test('to twenty branches: all of them are live', async (t) => {
    const pushes = people.map((n, index) =>
      project.push(receiver, `${commits[index]}:refs/heads/feature/${n}`, { name, key: keys[index]! }),
    )
    for (const pushed of await Promise.all(pushes)) t.equal(pushed.code, 0, pushed.stderr)
    const rows = record(
      receiver,
      "SELECT key, user_name FROM environment WHERE key LIKE 'feature/%' AND live IS NOT NULL",
    )
    t.equal(rows.length, crowd)
    for (const [index, n] of people.entries()) {
      t.equal(await refOf(receiver, name, `refs/heads/feature/${n}`), commits[index])
      t.equal(await refOf(receiver, name, `refs/hostenv/live/feature/${n}`), commits[index])
    }
  })

  await t.test('to one branch, every third by force: the last that is not stale is live', async (t) => {
    const pushes = people.map((n, index) =>
      project.push(receiver, `${n % 3 === 0 ? '+' : ''}${commits[index]}:refs/heads/staging`, {
        name,
        key: keys[index]!,
      }),
    )
    const ended = await Promise.all(pushes)
    for (const { code, stderr } of ended)
      if (code !== 0)
        t.match(
          stderr,
          /\[remote rejected\].*\((stale: staging is now [0-9a-f]{7}; fetch first|superseded by)|\[rejected\]/,
          stderr,
        )
    const accepted = record(
      receiver,
      "SELECT new FROM deploy WHERE project = ? AND ref = 'refs/heads/staging' AND stage = 'done' ORDER BY id",
      name,
    )
    const told = ended.flatMap(({ code }, index) => (code === 0 ? [commits[index]] : []))
    t.same(
      accepted
        .slice(1)
        .map((row) => row.new)
        .sort(),
      told.sort(),
      'who was told ok is who was accepted',
    )
    t.ok(told.length > 0)
    const last = String(accepted.at(-1)?.new)
    t.equal(await refOf(receiver, name, 'refs/heads/staging'), last)
    t.equal(await refOf(receiver, name, 'refs/hostenv/live/staging'), last)
  })

  await t.test('and what comes after is an ordinary push', async (t) => {
    await project.git('checkout', '-q', '-B', 'main', base)
    const next = await project.commit('after', { 'who.txt': 'everybody\n' })
    const pushed = await project.push(receiver, 'main', { name })
    t.equal(pushed.code, 0, pushed.stderr)
    t.equal(await refOf(receiver, name, 'refs/hostenv/live/main'), next)
    const open = record(receiver, "SELECT id FROM deploy WHERE stage NOT IN ('done', 'failed')")
    t.same(open, [])
  })
  t.same(leftByCrash(receiver), [])
})
