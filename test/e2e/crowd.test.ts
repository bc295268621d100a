// Twenty people at once, to twenty branches and to one: every push ends with a true answer, the last to arrive that is not stale is
// live, and nothing is left over.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { documents } from '../../src/report/words/schema.ts'
import { leftByCrash, record } from '../helpers/agree.ts'
import { get } from '../helpers/http.ts'
import { makeKey } from '../helpers/keys.ts'
import { quietModule } from '../helpers/module.ts'
import { hostenv } from '../helpers/programs.ts'
import { makeProject, type Pushed } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { hostname, remoteRefs, standing } from '../helpers/standing.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const CROWD = 20
const directory = tempDir(t, 'k')
const keys = await Promise.all(Array.from({ length: CROWD }, (_, n) => makeKey(directory, `p${n}`)))
const users = keys.map(
  ({ publicKey }, n) => `users.p${n} = { publicKeys = [ ${JSON.stringify(publicKey)} ]; role = "maintainer"; };`,
)
// Nothing to build but what says which commit it is, and no process: this is about order, not about work.
const module = quietModule(
  { main: `type = "testing"; ${users.join(' ')}`, shared: `type = "testing"; ${users.join(' ')}` },
  `previews."b/*" = { extends = "main"; type = "development"; ttl = "1d"; max = 40; };
  activate = "echo \${builtins.readFile ../who}";`,
)
// They come from one address here, and all at once.
const limits = { ssh: { connectionsPerAddress: 100, loginTime: 120_000 } }
const receiver = await startReceiver(t, {
  args: ['--allow-unsandboxed-builds'],
  faults: '',
  env: { HOSTENV_OVERRIDES: JSON.stringify({ limits }) },
})
const project = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': module, who: 'nobody' })
const first = await project.push(receiver, ['main', 'main:shared'])
if (first.code !== 0) throw new Error(first.stderr)

/** Each has a key and a commit of their own, none of which contains another. */
const people: { readonly key: (typeof keys)[number]; readonly commit: string }[] = []
for (const [n, key] of keys.entries()) {
  await project.git('checkout', '-q', '--detach', 'main')
  people.push({ key, commit: await project.commit(`By ${n}`, { who: `person ${n}` }) })
}

const accepted = ({ code }: Pushed) => code === 0
const reason = ({ stderr }: Pushed) => /\[remote rejected\].* \((.*?)(?:; log d\d+)?\)/.exec(stderr)?.[1] ?? null

// git runs it when it knows what the receiver has and before it sends anything (githooks(5)): nobody is late before everybody came.
const hook = `#!/bin/sh
[ -n "$CROWD" ] || exit 0
: > "$CROWD/$$"
for _ in $(seq 600); do
  set -- "$CROWD"/*
  [ $# -lt ${CROWD} ] || exit 0
  sleep 0.1
done
`
writeFileSync(join(project.directory, '.git/hooks/pre-push'), hook, { mode: 0o755 })

/** Everybody pushes their commit at the same time. */
function all(refspec: (commit: string, n: number) => string) {
  const env = { CROWD: tempDir(t, 'g') }
  return Promise.all(people.map(({ key, commit }, n) => project.push(receiver, refspec(commit, n), { key, env })))
}

const deploysOfShared = () =>
  record(receiver, "SELECT id, new, stage, reason FROM deploy WHERE ref = 'refs/heads/shared' ORDER BY id").slice(1)

t.test('to twenty branches: all are live, each with the commit of its person', async (t) => {
  const pushes = await all((commit, n) => `${commit}:refs/heads/b/${n}`)
  for (const [n, pushed] of pushes.entries()) t.ok(accepted(pushed), `${n}: ${pushed.stderr}`)
  const refs = await remoteRefs(receiver)
  const envs = documents.envs.parse(JSON.parse((await receiver.ssh('envs', '--json')).stdout))
  for (const [n, { commit }] of people.entries()) {
    t.equal(refs.get(`refs/heads/b/${n}`), commit)
    t.equal(refs.get(`refs/hostenv/live/b/${n}`), commit)
    t.match(
      envs.find(({ key }) => key === `b/${n}`),
      { state: 'live', commit, release: 1, kind: 'preview' },
    )
  }
})

t.test('to one branch: one that began from the same commit is live, the others are told they are late', async (t) => {
  const pushes = await all((commit) => `${commit}:refs/heads/shared`)
  const winners = people.filter((_, n) => accepted(pushes[n] as Pushed))
  t.equal(winners.length, 1, 'none contains another, so the first that switches is the only one')
  for (const [n, pushed] of pushes.entries())
    if (!accepted(pushed))
      t.match(reason(pushed), /^stale: shared is now [0-9a-f]{7}; fetch first$/, `${n}: ${pushed.stderr}`)
  const now = await standing(receiver, 'shared')
  t.same([now.branch, now.live, now.commit], Array(3).fill(winners[0]?.commit))
  const rows = deploysOfShared()
  t.equal(rows.length, CROWD)
  t.equal(rows.filter(({ stage }) => stage === 'done').length, 1)
})

t.test('to one branch by force: who is not stale is live in turn, the last of them at last', async (t) => {
  const pushes = await all((commit) => `+${commit}:refs/heads/shared`)
  const rows = deploysOfShared().slice(CROWD)
  t.equal(rows.length, CROWD - 1, 'who is live already has nothing to push')
  for (const [n, pushed] of pushes.entries()) {
    const row = rows.find((one) => one.new === people[n]?.commit)
    if (row === undefined) t.ok(accepted(pushed))
    else t.equal(accepted(pushed), row.stage === 'done', `d${row.id} ${row.stage} ${row.reason}: ${pushed.stderr}`)
  }
  const last = rows.findLast(({ stage }) => stage === 'done')
  const now = await standing(receiver, 'shared')
  t.ok(last)
  t.same([now.branch, now.live, now.commit], Array(3).fill(last?.new))
  for (const { id, stage, reason: why } of rows.filter(({ stage }) => stage !== 'done'))
    t.match(why, /^stale: shared is now/, `d${id} ${stage}`)
})

t.test('what comes after is an ordinary push, and nothing is left over', async (t) => {
  await project.git('checkout', '-q', 'main')
  const next = await project.commit('After', { who: 'everybody' })
  const pushed = await project.push(receiver, 'main')
  t.ok(accepted(pushed), pushed.stderr)
  const now = await standing(receiver, 'main')
  t.same([now.branch, now.live, now.commit], Array(3).fill(next))
  t.same(leftByCrash(receiver), [])
  const where = ['--state', receiver.stateDir, '--runtime', receiver.runtimeDir]
  const doctor = await hostenv(['doctor', ...where], receiver.home)
  t.equal(doctor.code, 0, doctor.stdout)
  t.equal((await get(receiver.httpPort, hostname('nowhere'))).status, 404, 'the front door still answers')
})
