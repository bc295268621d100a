// Twenty people at once: to twenty branches, and to one. Every push ends with a true answer, the last to arrive that is not stale
// is live, and nothing is left over.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { documents } from '../../src/report/words/schema.ts'
import { get } from '../helpers/http.ts'
import { type Key, makeKey } from '../helpers/keys.ts'
import { hostenv } from '../helpers/programs.ts'
import { makeProject, type Project, type Pushed } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { hostname, remoteRefs, standing } from '../helpers/standing.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const COUNT = 20
const numbers = Array.from({ length: COUNT }, (_, n) => n)
const directory = tempDir(t, 'k')
const keys = await Promise.all(numbers.map((n) => makeKey(directory, `p${n}`)))
const users = keys.map(
  (key, n) => `p${n} = { publicKeys = [ ${JSON.stringify(key.publicKey)} ]; role = "maintainer"; };`,
)
// Nothing to build but what says which commit it is, and no process: what is measured here is order, not work.
const module = `{ pkgs, ... }:
let quick = { deploymentVerification.enable = false; users = { ${users.join('\n')} }; };
in
{
  environments.main = quick // { type = "testing"; };
  environments.shared = quick // { type = "testing"; };
  previews."b/*" = { extends = "main"; type = "development"; ttl = "1d"; max = 40; };
  activate = "echo \${builtins.readFile ../who}";
}
`
const receiver = await startReceiver(t, { args: ['--allow-unsandboxed-builds'] })
const origin = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': module, who: 'nobody' })
const first = await origin.push(receiver, ['main', 'main:shared'])
if (first.code !== 0) throw new Error(first.stderr)

interface Person {
  readonly key: Key
  readonly clone: Project
  readonly commit: string
}

/** A clone of its own for each, with one commit on top of what is there. */
const people: Person[] = []
for (const n of numbers) {
  const clone = await makeProject(t, 'hello-web')
  await clone.git('fetch', '-q', origin.directory, 'main')
  await clone.git('reset', '-q', '--hard', 'FETCH_HEAD')
  people.push({ key: keys[n] as Key, clone, commit: (await clone.commit(`By ${n}`, { who: `person ${n}` })).trim() })
}

const accepted = ({ code }: Pushed) => code === 0
const reason = ({ stderr }: Pushed) => /\[remote rejected\].* \((.*?)(?:; log d\d+)?\)/.exec(stderr)?.[1] ?? null

/** Deploys of pushes to a ref, in order of arrival. */
function deploys(ref: string): { id: number; new: string; stage: string; reason: string | null }[] {
  const db = new DatabaseSync(join(receiver.stateDir, 'hostenv.db'), { readOnly: true })
  const rows = db.prepare('SELECT id, new, stage, reason FROM deploy WHERE ref = ? ORDER BY id').all(ref)
  db.close()
  return rows as never
}

async function nothingLeft(t: Test): Promise<void> {
  const db = new DatabaseSync(join(receiver.stateDir, 'hostenv.db'), { readOnly: true })
  t.same(
    db.prepare("SELECT id, stage FROM deploy WHERE stage NOT IN ('done', 'failed')").all(),
    [],
    'no deploy is open',
  )
  db.close()
  t.same(
    readdirSync(join(receiver.stateDir, 'roots')).filter((name) => /^d\d+$/.test(name)),
    [],
    'no root of a deploy',
  )
  t.same(readdirSync(join(receiver.stateDir, 'incoming')), [])
  const doctor = await hostenv(
    ['doctor', '--state', receiver.stateDir, '--runtime', receiver.runtimeDir],
    receiver.home,
  )
  t.equal(doctor.code, 0, doctor.stdout)
}

t.test('to twenty branches: all are live, each with the commit of its person', async (t) => {
  const pushes = await Promise.all(
    people.map(({ clone, key }, n) => clone.push(receiver, `HEAD:refs/heads/b/${n}`, { key })),
  )
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
  await nothingLeft(t)
})

t.test(
  'to one branch: one of those that began from the same commit is live, the others are told that they are late',
  async (t) => {
    const pushes = await Promise.all(people.map(({ clone, key }) => clone.push(receiver, 'HEAD:shared', { key })))
    const winners = people.filter((_, n) => accepted(pushes[n] as Pushed))
    t.equal(winners.length, 1, 'none contains another, so the first that switches is the only one')
    for (const [n, pushed] of pushes.entries())
      if (!accepted(pushed))
        t.match(reason(pushed), /^stale: shared is now [0-9a-f]{7}; fetch first$/, `${n}: ${pushed.stderr}`)
    const now = await standing(receiver, 'shared')
    t.same([now.branch, now.live, now.commit], Array(3).fill(winners[0]?.commit))
    const rows = deploys('refs/heads/shared').slice(1)
    t.equal(rows.length, COUNT)
    t.equal(rows.filter(({ stage }) => stage === 'done').length, 1)
    await nothingLeft(t)
  },
)

t.test(
  'to one branch, forced: every one that is not superseded is live in its turn, and the last to arrive is it at last',
  async (t) => {
    const pushes = await Promise.all(people.map(({ clone, key }) => clone.push(receiver, '+HEAD:shared', { key })))
    const rows = deploys('refs/heads/shared').slice(1 + COUNT)
    t.equal(rows.length, COUNT - 1, 'who is live already has nothing to push')
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
    await nothingLeft(t)
    t.equal((await get(receiver.httpPort, hostname('nowhere'))).status, 404, 'the front door still answers')
  },
)
