// What a process record says beyond its command, run by s6: readiness, order, stops, reloads, ports, schedules, preparations.
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { listeningPorts } from '../../src/lib/proc.ts'
import { privateStore } from './private-store.ts'
import { serviceTree, type Tree } from './service-tree.ts'

const store = privateStore(t)
const node = process.execPath
/** A package of `processes`, as text of the Nix language. */
const of = async (processes: string) =>
  await store.package(
    await store.project(null, {
      '.hostenv/hostenv.nix': `{ pkgs, ... }: { environments.main = { }; processes = { ${processes} }; }`,
    }),
    { ref: 'main' },
  )
const sh = (script: string) => `command = [ "/bin/sh" "-c" ${quoted(script)} ];`
const js = (script: string) => `command = [ "${node}" "-e" ${quoted(script)} ];`
const quoted = (text: string) => JSON.stringify(text).replaceAll('$', '\\$')
const socket = '$HOSTENV_UPSTREAM_DIR/in.sock'
const serves = (words: string, delay = 0) =>
  js(`setTimeout(() => require("http").createServer((q, a) => a.end(${JSON.stringify(words)} + q.url))
    .listen(process.env.HOSTENV_UPSTREAM_DIR + "/in.sock", () => console.log("listening")), ${delay})`)

// The tree shows the store, which is there once something is in it.
const none = await of('')

const lacking = ['/usr/bin/socat', '/usr/sbin/ip'].filter((program) => !existsSync(program))
const noRelay = lacking.length > 0 && `this machine has no ${lacking.join(', ')}`

async function started(t: Parameters<typeof serviceTree>[0]): Promise<Tree> {
  const tree = serviceTree(t, store)
  await tree.startSvscan()
  return tree
}

async function until(what: () => boolean, tries = 500): Promise<void> {
  for (; !what() && tries > 0; tries--) await sleep(20)
}

t.test('activate waits until a process is ready, and starts what is after it only then', async (t) => {
  const tree = await started(t)
  const both = await of(`
    web = { ${serves('hello ', 400)} listen.socket = "${socket}"; };
    worker = { ${sh('if [ -S "$HOSTENV_UPSTREAM_DIR/in.sock" ]; then echo found; fi; exec sleep 1000')} after = [ "web" ]; };`)
  t.match(await tree.activate(both), { code: 0, stdout: 'web started · worker started' })
  t.match(tree.log('web'), /listening/)
  await until(() => tree.log('worker') !== '')
  t.match(tree.log('worker'), /found/)
  const worker = await tree.running('worker')
  const other = await of(`
    web = { ${serves('hi ', 100)} listen.socket = "${socket}"; readiness.http.path = "/health?a=%20"; };
    worker = { ${sh('if [ -S "$HOSTENV_UPSTREAM_DIR/in.sock" ]; then echo found; fi; exec sleep 1000')} after = [ "web" ]; };`)
  t.match(await tree.activate(other), { code: 0, stdout: 'web restarted · worker unchanged' })
  t.equal(await tree.running('worker'), worker, 'a restart of what it is after is none of its own')
  t.equal(await tree.get(), 'hi /')
})

t.test('one that does not become ready is named, with what it wrote last', async (t) => {
  const tree = await started(t)
  await tree.activate(await of(`web = { ${sh('echo earlier; exec sleep 1000')} };`))
  await tree.running('web')
  await sleep(1100)
  const silent = await of(
    `web = { ${sh('echo no luck; exec sleep 1000')} readiness = { command = [ "false" ]; timeout = 1; }; };`,
  )
  const ran = await tree.activate(silent)
  t.match(ran, { code: 1, stdout: '', stderr: 'activate: web is not ready after 1 s\nno luck' })
  t.match(await tree.activate(silent), { code: 1 }, 'and is not taken for ready by the next run')
  const asked =
    await of(`web = { ${js('require("http").createServer((q, a) => a.writeHead(503).end()).listen(process.env.HOSTENV_UPSTREAM_DIR + "/in.sock")')}
    listen.socket = "${socket}"; readiness = { http = { }; timeout = 1; }; };`)
  t.match((await tree.activate(asked)).stderr, /web is not ready after 1 s/, 'an answer of 503 is none')
  const dying = await of(`web = { ${sh('echo cannot go on; exit 3')} readiness.socket = "${socket}"; };`)
  const died = await tree.activate(dying)
  t.match(died, { code: 1, stderr: 'activate: web died before it was ready: exit 3\ncannot go on' })
  t.ok(died.duration < 15_000, 'and its time is not waited for')
})

t.test(
  'a process is asked to end with its own signal and gets its own time, as its old definition has it',
  async (t) => {
    const tree = await started(t)
    const polite =
      await of(`web = { ${sh('trap "echo asked; exit 0" INT; trap "echo wrong" TERM; echo up; while :; do sleep 0.1; done')}
    stopSignal = "INT"; stopTimeout = 60; };`)
    await tree.activate(polite)
    await until(() => /up/.test(tree.log('web')))
    const stubborn = await of(
      `web = { ${sh('trap "" TERM; echo second; while :; do sleep 0.1; done')} stopTimeout = 1; };`,
    )
    t.match(await tree.activate(stubborn), { code: 0, stdout: 'web restarted' })
    await until(() => /second/.test(tree.log('web')))
    t.match(tree.log('web'), /asked\n.*second/)
    t.notMatch(tree.log('web'), /wrong/)
    const ran = await tree.activate(polite)
    t.match(ran, { code: 0, stdout: 'web restarted' })
    t.ok(ran.duration >= 1000 && ran.duration < 30_000, `${ran.duration} ms`)
  },
)

t.test('where only the files of `reload` changed, the process gets its signal and goes on', async (t) => {
  const tree = await started(t)
  const words = (text: string, signal = 'HUP') =>
    of(`web = { ${sh('show() { cat "$HOSTENV_STATE_DIR/files/web/words"; }; trap show HUP USR1; show; while :; do sleep 0.1; done')}
      reload = { signal = "${signal}"; files.words = pkgs.writeText "words" "${text}\\n"; }; };`)
  t.match(await tree.activate(await words('one')), { code: 0, stdout: 'web started' })
  const pid = await tree.running('web')
  await until(() => /one/.test(tree.log('web')))
  const two = await words('two')
  t.match(await tree.activate(two), { code: 0, stdout: 'web reloaded' })
  await until(() => /two/.test(tree.log('web')))
  t.match(tree.log('web'), /one\n.*two/)
  t.equal(await tree.running('web'), pid)
  t.match(await tree.activate(two), { code: 0, stdout: 'web unchanged' })
  const lines = (text: string) =>
    of(`web = { ${sh('show() { cat "$HOSTENV_RUNTIME_DIR/words"; }; trap show HUP; show; while :; do sleep 0.1; done')}
      environment.WHO = "web";
      reload.prepare = "echo \\"$WHO ${text} of $HOSTENV_ENVIRONMENT\\" > $HOSTENV_RUNTIME_DIR/words.new\n${text === 'bad' ? 'echo no good\nfalse\n' : ''}mv $HOSTENV_RUNTIME_DIR/words.new $HOSTENV_RUNTIME_DIR/words"; };`)
  t.match(await tree.activate(await lines('four')), { code: 0, stdout: 'web restarted' })
  await until(() => /web four of main/.test(tree.log('web')))
  const prepared = await tree.running('web')
  t.match(await tree.activate(await lines('five')), { code: 0, stdout: 'web reloaded' })
  await until(() => /web five of main/.test(tree.log('web')))
  t.equal(await tree.running('web'), prepared)
  t.match(await tree.activate(await lines('bad')), {
    code: 1,
    stderr: 'no good\nactivate: web does not take its changed files',
  })
  t.equal(await tree.running('web'), prepared, 'who does not take a change keeps what it has')
  t.match(await tree.activate(await lines('five')), { code: 0, stdout: 'web reloaded' }, 'and the way back')
  t.match(await tree.activate(await words('three', 'USR1')), { stdout: 'web restarted' }, 'another definition restarts')
  await until(() => /three/.test(tree.log('web')))
  t.not(await tree.running('web'), pid)
})

t.test(
  'a process that speaks TCP only is reached through its socket, in a network of its own',
  { skip: noRelay },
  async (t) => {
    const tree = await started(t)
    const app = (words: string) =>
      js(`require("http").createServer((q, a) => a.end("${words} as " + process.getuid()))
      .listen(3000, "127.0.0.1"); setTimeout(() => {}, 1e6)`)
    const two = await of(`
    web = { ${app('web')} listen.port = 3000; };
    api = { ${app('api')} listen = { port = 3000; socket = "$HOSTENV_RUNTIME_DIR/api.sock"; }; };`)
    t.match(await tree.activate(two), { code: 0, stdout: 'api started · web started' })
    t.match(await tree.get(), /^web as \d+$/)
    const burst = `let failed = 0, left = 200; for (let n = 0; n < 200; n++)
      require("net").connect(process.env.HOSTENV_UPSTREAM_DIR + "/in.sock").on("error", () => failed++).on("data", () => {})
        .on("connect", function () { this.end("GET / HTTP/1.0\\r\\n\\r\\n") })
        .on("close", () => --left || console.log("failed", failed))`
    t.match((await tree.sh(`${node} -e '${burst}'`)).stdout, 'failed 0', 'a burst of requests')
    const { stdout } = await tree.sh(
      'printf "GET / HTTP/1.0\\r\\n\\r\\n" | socat -t 10 - "UNIX-CONNECT:$HOSTENV_RUNTIME_DIR/api.sock"',
    )
    t.match(stdout, /api as \d+$/, 'two may have the same port')
    t.strictSame(listeningPorts(await tree.processes()), [], 'a port of its own network is none of the host’s')
    const open = await of(
      `web = { ${js('require("http").createServer().listen(0, "127.0.0.1", () => console.log("up"))')} };`,
    )
    t.match(await tree.activate(open), { code: 0 })
    await until(() => /up/.test(tree.log('web')))
    t.equal(listeningPorts(await tree.processes()).length, 1, 'one of the host’s network is found')
  },
)

t.test('a process may get its socket from the manager', async (t) => {
  const tree = await started(t)
  const out =
    await of(`web = { ${js('require("http").createServer((q, a) => a.end(process.env.LISTEN_FDS + " " + (process.env.LISTEN_PID == process.pid))).listen({ fd: 3 })')}
    listen = { socket = "${socket}"; activation = true; }; readiness.http = { }; };`)
  t.match(await tree.activate(out), { code: 0, stdout: 'web started' })
  t.equal(await tree.get(), '1 true')
})

t.test('directories, preparations and secrets come before the process', async (t) => {
  const tree = await started(t)
  const prepared = (more = '') =>
    of(`web = { ${sh('echo "$PWD has $(ls)"; ulimit -d; exec sleep 1000')}
    directories = [ "$HOSTENV_DATA_DIR/up loads" { path = "$HOSTENV_CACHE_DIR/deep/er"; mode = "0750"; } ];
    workingDirectory = "$HOSTENV_DATA_DIR/up loads"; resources.memory = "64M";
    environment.NAME = "made"; preStart = "echo preparing\\ntouch $NAME"; secrets = [ "PASSWORD" ]; ${more} };`)
  t.match(await tree.activate(await prepared()), { code: 1, stderr: /web needs the secret PASSWORD/ })
  await tree.sh('mkdir "$HOSTENV_RUNTIME_DIR/secrets"; echo x > "$HOSTENV_RUNTIME_DIR/secrets/PASSWORD"')
  t.match(await tree.activate(await prepared()), { code: 0, stdout: 'web started' })
  await until(() => /65536/.test(tree.log('web')))
  t.match(tree.log('web'), /preparing\n.*up loads has made\n.* 65536\n/)
  t.equal(statSync(join(tree.directory, 'cache/deep/er')).mode & 0o777, 0o750)
  const failing = await of(
    `web = { ${sh('echo never')} preStart = "echo first\\nfalse\\necho second"; readiness.command = [ "true" ]; };`,
  )
  await tree.activate(failing)
  await until(() => /first/.test(tree.log('web')))
  t.notMatch(tree.log('web'), /second|never/)
})

t.test('a scheduled process runs at its times, one run after the other, and ends with its signal', async (t) => {
  const tree = await started(t)
  const job = (script: string) => of(`job = { ${sh(script)} schedule = "*:*:*"; stopSignal = "USR1"; };`)
  t.match(await tree.activate(await job('echo "run of $$"; exit 4')), { code: 0, stdout: 'job started' })
  const runs = () => [...tree.log('job').matchAll(/run of (\d+)/g)].map(([, pid]) => pid)
  await until(() => runs().length >= 2)
  t.equal(new Set(runs()).size, runs().length)
  t.match(tree.log('job'), /this run ended with exit 4/)
  const slow = await job('trap "echo asked; exit 0" USR1; echo busy; while :; do sleep 0.1; done')
  t.match(await tree.activate(slow), { code: 0, stdout: 'job restarted' })
  await until(() => /busy/.test(tree.log('job')))
  const pid = await tree.running('job')
  await sleep(2100)
  t.equal([...tree.log('job').matchAll(/busy/g)].length, 1, 'what is due meanwhile is left out')
  t.match(await tree.activate(slow), { stdout: 'job unchanged' })
  t.equal(await tree.running('job'), pid)
  t.match(await tree.activate(none), { code: 0, stdout: 'job stopped' })
  t.match(tree.log('job'), /asked/)
})

t.test('stopped in the reverse order of their starts', async (t) => {
  const tree = await started(t)
  const says = (name: string, n: number) =>
    `${name} = { ${sh(`trap "echo ${name} >> $HOSTENV_DATA_DIR/ends; exit 0" TERM; echo ${n}; while :; do sleep 0.05; done`)} `
  const all = (n: number) =>
    of(`${says('a', n)} after = [ "b" ]; }; ${says('b', n)} after = [ "c" ]; }; ${says('c', n)} };`)
  t.match(await tree.activate(await all(1)), { code: 0, stdout: 'c started · b started · a started' })
  for (const name of ['a', 'b', 'c']) await until(() => /1/.test(tree.log(name)))
  t.match(await tree.activate(await all(2)), { code: 0, stdout: 'c restarted · b restarted · a restarted' })
  t.equal((await tree.sh('cat "$HOSTENV_DATA_DIR/ends"')).stdout, 'a\nb\nc')
})

t.test('what a record must not say is refused with the option’s name', async (t) => {
  const table: [string, RegExp][] = [
    ['after = [ "db" ];', /option `processes\.web\.after': there is no process `db'/],
    ['after = [ "web" ];', /option `processes': `web' wait for one another/],
    ['schedule = "every day";', /option `processes\.web\.schedule': "every day" is not understood/],
    ['readiness = { };', /option `processes\.web\.readiness': nothing to check/],
    ['readiness.http = { };', /option `processes\.web\.readiness\.http\.socket'/],
    ['directories = [ "/etc" ];', /option `processes\.web\.directories': "\/etc" is not below/],
    ['listen.socket = "/tmp/x";', /option `processes\.web\.listen\.socket' is not of type/],
    ['listen.activation = true;', /option `processes\.web\.listen\.activation': needs/],
    ['schedule = "daily"; listen.port = 3;', /option `processes\.web\.schedule': .* neither listens/],
    ['reload.files."../x" = ./hostenv.nix;', /option `processes\.web\.reload\.files': "\.\.\/x"/],
    ['resources.memory = "lots";', /option `processes\.web\.resources\.memory' is not of type/],
    ['secrets = [ "a/b" ];', /processes\.web\.secrets/],
  ]
  for (const [text, expected] of table) {
    const file = `{ environments.main = { }; processes.web = { command = [ "x" ]; ${text} }; }`
    const source = await store.project(null, { '.hostenv/hostenv.nix': file })
    t.match(await store.failure(source, { ref: 'main' }), expected, text)
  }
})

t.test('what the host’s manager cannot hold a process to is a warning that names the option', async (t) => {
  const text = `{ environments.main = { }; resources.memory = "1G";
    processes.web = { command = [ "x" ]; resources = { memory = "1G"; cpu = "0.5"; tasks = 9; }; }; }`
  const source = await store.project(null, { '.hostenv/hostenv.nix': text })
  const { warnings } = await store.evaluate(source, { ref: 'main' })
  t.strictSame(warnings.map((warning) => /option `(.*?)' has no effect on this host/.exec(warning)?.[1]).sort(), [
    'processes.web.resources.cpu',
    'processes.web.resources.tasks',
    'resources.memory',
  ])
  const there = await store.evaluate(source, { ref: 'main' }, { manager: 'systemd' })
  t.strictSame(there.warnings, [])
  t.equal(
    there.selected.main?.out,
    (await store.evaluate(source, { ref: 'main' })).selected.main?.out,
    'the package is the same for every manager',
  )
})
