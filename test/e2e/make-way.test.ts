// What goes while something else goes too, or while there is no room to record it: each ends as it would alone.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { record, refOf } from '../helpers/agree.ts'
import { webModule } from '../helpers/module.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'

const name = 'acme/helloweb'
const quick = 'deploymentVerification = { upFor = 0; timeout = 20; };'
const previews = 'previews."bug/*" = { max = 1; evict = "oldest"; }; previews."slow/*" = { };'
// Long enough to be met by all that comes meanwhile, and longer than git waits for a lock.
const lingers = `const { exit } = process; process.exit = (code) => void setTimeout(exit, 3000, code)\n`
const receiver = await startReceiver(t)
const project = await makeProject(t, 'hello-web', {
  '.hostenv/hostenv.nix': webModule({ main: `type = "production"; ${quick}` }, previews),
})
const server = readFileSync(join(project.directory, 'server.js'), 'utf8')
const push = (refspec: string) => project.push(receiver, refspec, { name })

t.test('previews that stop at the same time all stop, however long their services take', async (t) => {
  t.equal((await push('main')).code, 0)
  await project.commit('Lingers', { 'server.js': lingers + server })
  for (const key of ['a', 'b', 'c']) t.equal((await push(`HEAD:refs/heads/slow/${key}`)).code, 0)
  const [paused, deleted, destroyed] = await Promise.all([
    receiver.ssh('pause', 'slow/a', '-p', name),
    push(':slow/b'),
    receiver.ssh('destroy', 'slow/c', '-p', name),
  ])
  t.equal(paused.code, 0, paused.stderr)
  t.equal(deleted.code, 0, deleted.stderr)
  t.equal(destroyed.code, 0, destroyed.stderr)
  for (const key of ['b', 'c']) t.equal(await refOf(receiver, name, `refs/heads/slow/${key}`), null)
})

t.test('a push that is live stays so where what should make room for it cannot go', async (t) => {
  await project.commit('Quick again', { 'server.js': server })
  t.equal((await push('HEAD:refs/heads/bug/1')).code, 0)
  const database = new DatabaseSync(join(receiver.stateDir, 'hostenv.db'))
  t.teardown(() => database.close())
  database.exec(`CREATE TRIGGER no_room BEFORE INSERT ON deploy WHEN NEW.kind = 'destroy'
    BEGIN SELECT RAISE(ABORT, 'no room for this'); END`)
  const pushed = await push('HEAD:refs/heads/bug/2')
  database.exec('DROP TRIGGER no_room')
  t.equal(pushed.code, 0, pushed.stderr)
  t.match(pushed.stderr, /live, but the oldest/)
  t.match(record(receiver, "SELECT stage FROM deploy WHERE ref = 'refs/heads/bug/2'"), [{ stage: 'done' }])
})
