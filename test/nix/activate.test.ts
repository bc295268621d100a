// `bin/activate` beside a real s6-svscan: what it starts, restarts, leaves alone and stops, and what survives being killed.
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { fixture, privateStore } from './private-store.ts'
import { definition, serviceTree, shellProcesses } from './service-tree.ts'

const store = privateStore(t)
const processes = shellProcesses(store)
const sleeper = 'echo up; exec sleep 1000'
const one = await processes({ web: sleeper })
const two = await processes({ web: sleeper, worker: 'exec sleep 2000' })
const other = await processes({ web: 'echo other; exec sleep 3000', worker: 'exec sleep 2000' })
const none = await processes({})

t.test('starts, leaves alone, restarts and stops', async (t) => {
  const tree = serviceTree(t, store)
  await tree.startSvscan()
  t.match(await tree.activate(one), { code: 0, stdout: 'web started' })
  const first = await tree.running('web')
  t.match(await tree.activate(one), { code: 0, stdout: 'web unchanged' })
  t.match(await tree.activate(two), { code: 0, stdout: 'web unchanged · worker started' })
  const worker = await tree.running('worker')
  t.equal(await tree.running('web'), first, 'what did not change keeps its process')
  t.match(await tree.activate(other), { code: 0, stdout: 'web restarted · worker unchanged' })
  t.not(await tree.running('web'), first)
  t.equal(await tree.running('worker'), worker)
  t.match(await tree.activate(one), { code: 0, stdout: 'web restarted · worker stopped' }, 'a rollback is no different')
  t.equal(await tree.pid('worker'), null)
  t.strictSame(readdirSync(join(tree.directory, 'run/s6/service')), ['web'])
  t.match(await tree.activate(none), { code: 0, stdout: 'web stopped' })
  t.match(await tree.activate(none), { code: 0, stdout: '' }, 'nothing to say about nothing')
  const { stdout } = await tree.sh('ls "$HOSTENV_RUNTIME_DIR/s6/scan"')
  t.equal(stdout, '')
  t.match(tree.log('web'), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ {2}up$/m)
})

t.test('hello-web serves its greeting, again after a kill, and across a restart of the tree', async (t) => {
  const hello = await store.package(await store.project(fixture('hello-web')), { ref: 'main' })
  const tree = serviceTree(t, store)
  await tree.startSvscan()
  await tree.activate(hello)
  t.equal(await tree.get(), 'Hello from hostenv\nmain, no release yet\n', tree.log('web'))
  writeFileSync(join(tree.directory, 'state/release.json'), '{"release":7}\n')
  await tree.sh('s6-svc -k "$HOSTENV_RUNTIME_DIR/s6/service/web"')
  await sleep(200)
  t.equal(await tree.get(), 'Hello from hostenv\nmain, release 7\n', 'the socket left behind is in nobody’s way')
  await tree.stopSvscan()
  await tree.startSvscan()
  t.match(await tree.activate(hello), { code: 0, stdout: 'web unchanged' })
  t.match(await tree.get(), /release 7/)
})

t.test('a tree that was started anew with an empty scan directory gets everything again', async (t) => {
  const tree = serviceTree(t, store)
  await tree.startSvscan()
  await tree.activate(two)
  await tree.stopSvscan()
  await tree.sh('rm "$HOSTENV_RUNTIME_DIR"/s6/scan/*')
  await tree.startSvscan()
  t.match(await tree.activate(other), { code: 0, stdout: 'web started · worker started' })
  await tree.running('web')
  await tree.running('worker')
  t.equal(definition(tree, 'web'), (await tree.sh(`readlink ${other}/share/hostenv/processes/web`)).stdout)
})

t.test('killed at any moment, the next run brings it to where it should be', async (t) => {
  const tree = serviceTree(t, store)
  await tree.startSvscan()
  let turn = 0
  for (const kill of [5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 70, 80, 100]) {
    const next = turn++ % 2 === 0 ? two : other
    await tree.activate(next, { kill })
    const again = turn % 3 === 0 ? one : next
    t.equal((await tree.activate(again)).code, 0, `killed after ${kill} ms`)
    await tree.running('web')
    const wanted = (await tree.sh(`readlink ${again}/share/hostenv/processes/web`)).stdout
    t.equal(definition(tree, 'web'), wanted)
    const said = () =>
      tree
        .log('web')
        .trimEnd()
        .endsWith(again === other ? '  other' : '  up')
    for (let tries = 0; tries < 50 && !said(); tries++) await sleep(20)
    t.ok(said(), 'the running process is that of its definition')
    t.match((await tree.activate(again)).stdout, /web unchanged/)
  }
})

t.test('leftovers of every half-done step are cleared away', async (t) => {
  const tree = serviceTree(t, store)
  const s6 = join(tree.directory, 'run/s6')
  mkdirSync(join(s6, 'service/.new/log'), { recursive: true })
  mkdirSync(join(s6, 'service/worker'), { recursive: true })
  symlinkSync('../service/gone', join(s6, 'scan/gone'))
  await tree.startSvscan()
  t.match(await tree.activate(one), { code: 0, stdout: 'web started · worker stopped' })
  await tree.running('web')
  t.strictSame(readdirSync(join(s6, 'scan')).sort(), ['.s6-svscan', 'web'])
  await tree.sh('rm "$HOSTENV_RUNTIME_DIR/s6/service/web/installed"')
  t.match(await tree.activate(one), { stdout: 'web restarted' }, 'a switch that was not finished is done again')
  await tree.sh('s6-svc -d "$HOSTENV_RUNTIME_DIR/s6/service/web"; sleep 0.1')
  t.match(await tree.activate(one), { stdout: 'web restarted' }, 'one that was stopped from outside comes back')
  await tree.running('web')
})

t.test('restart says what happens to a process that ended', async (t) => {
  const dying = await processes(
    { always: 'exit 0', failing: 'exit 1', done: 'exit 0', once: 'exit 1' },
    `processes.failing.restart = "on-failure"; processes.done.restart = "on-failure"; processes.once.restart = "never";`,
  )
  const tree = serviceTree(t, store)
  await tree.startSvscan()
  t.match(await tree.activate(dying), {
    code: 0,
    stdout: 'always started · done started · failing started · once started',
  })
  await sleep(2600)
  const deaths = async (name: string) =>
    (await tree.sh(`s6-svdt "$HOSTENV_RUNTIME_DIR/s6/service/${name}"`)).stdout.split('\n').filter(Boolean).length
  for (const name of ['always', 'failing']) t.ok([2, 3].includes(await deaths(name)), `${name}: once a second`)
  for (const name of ['done', 'once']) t.equal(await deaths(name), 1, name)
  t.match(await tree.activate(dying), { stdout: /done unchanged · .*once unchanged/ }, 'what ended for good stays so')
})

t.test('restartOnRelease restarts at another release only, and tells the process which', async (t) => {
  const web = await processes(
    { web: 'echo "release $HOSTENV_RELEASE of $HOSTENV_REVISION"; exec sleep 1000', calm: sleeper },
    'processes.web.restartOnRelease = true;',
  )
  const tree = serviceTree(t, store)
  await tree.startSvscan()
  const release = (n: number) => ({ env: { HOSTENV_RELEASE: String(n), HOSTENV_REVISION: 'abc' } })
  t.match(await tree.activate(web, release(1)), { stdout: 'calm started · web started' })
  await tree.running('web')
  t.match(await tree.activate(web, release(1)), { stdout: 'calm unchanged · web unchanged' })
  t.match(await tree.activate(web, release(2)), { stdout: 'calm unchanged · web restarted' })
  await tree.running('web')
  await sleep(100)
  t.match(tree.log('web'), /release 1 of abc\n.*release 2 of abc/)
})

t.test('a changed process starts with an empty record of deaths', async (t) => {
  const tree = serviceTree(t, store)
  await tree.startSvscan()
  await tree.activate(await processes({ web: 'exit 7' }))
  await sleep(300)
  t.match((await tree.sh('s6-svdt "$HOSTENV_RUNTIME_DIR/s6/service/web"')).stdout, /exitcode 7/)
  t.match(await tree.activate(one), { stdout: 'web restarted' })
  await tree.running('web')
  t.equal((await tree.sh('s6-svdt "$HOSTENV_RUNTIME_DIR/s6/service/web"')).stdout, '')
})

t.test('the facts of the environment reach commands, variables and directories at run time', async (t) => {
  const text = `{ environments.main = { };
    processes.web = {
      command = [ "/bin/sh" "-c" "echo \\"$0 $A $B $PWD\\"; exec sleep 1000" "$HOSTENV_ENVIRONMENT it's" ];
      environment = { A = "$HOSTENV_UPSTREAM_DIR/in.sock"; B = "$(id) $PATH \\\${HOME}"; };
      workingDirectory = "$HOSTENV_CACHE_DIR";
    };
    activate = "echo made in $PWD > made; exit 0"; }`
  const out = await store.package(await store.project(null, { '.hostenv/hostenv.nix': text }), { ref: 'main' })
  const tree = serviceTree(t, store)
  await tree.startSvscan()
  t.match(await tree.activate(out), { code: 0, stdout: 'web started' }, 'an early exit of the lines is theirs alone')
  await tree.running('web')
  await sleep(100)
  const d = tree.directory
  t.ok(tree.log('web').includes(`main it's ${d}/up/in.sock $(id) $PATH ${d}/home ${d}/cache`), tree.log('web'))
  t.ok(existsSync(join(d, 'data/made')))
})

t.test('activate lines that fail leave the processes as they were', async (t) => {
  const bad = await processes({ web: 'exec sleep 9' }, 'activate = "echo first; false; echo never";')
  const tree = serviceTree(t, store)
  await tree.startSvscan()
  await tree.activate(one)
  const pid = await tree.running('web')
  t.match(await tree.activate(bad), { code: 1, stdout: 'first' })
  t.equal(await tree.running('web'), pid)
})
