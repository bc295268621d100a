// `activate` under real systemd, as a lingering user: what it starts, restarts, reloads, leaves alone and stops, and what stays after a power cut.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { discover } from '../../src/config/discover.ts'
import { fixture, privateStore, site } from '../nix/private-store.ts'
import { environmentOn } from './environment.ts'
import { noHost } from './host.ts'

const skip = noHost
const store = privateStore(t)
const node = process.execPath
const quoted = (text: string) => JSON.stringify(text).replaceAll('$', '\\$')
const sh = (script: string) => `command = [ "/bin/sh" "-c" ${quoted(script)} ];`
const js = (script: string) => `command = [ "${node}" "-e" ${quoted(script)} ];`
const socket = '$HOSTENV_UPSTREAM_DIR/in.sock'
const serves = (words: string, delay = 0) =>
  js(`setTimeout(() => require("http").createServer((q, a) => a.end(${JSON.stringify(words)} + q.url))
    .listen(process.env.HOSTENV_UPSTREAM_DIR + "/in.sock"), ${delay})`)
const of = async (processes: string, more = '') => {
  const text = `{ pkgs, ... }: { environments.main = { }; processes = { ${processes} }; ${more} }`
  return await store.package(await store.project(null, { '.hostenv/hostenv.nix': text }), { ref: 'main' })
}
const until = async (what: () => Promise<boolean>, tries = 200) => {
  for (; tries > 0 && !(await what()); tries--) await sleep(100)
}

type Get = (path?: string) => Promise<string>
interface Sample {
  /** Programs of the machine without which it cannot be shown. */
  readonly programs?: readonly string[]
  /** What it answers, and what must be in the answer. */
  readonly shows: (get: Get) => Promise<[string, RegExp][]>
}
/** The sample projects that run here too, each with what shows that it does, before and after a power cut. */
const samples: Record<string, Sample> = {
  'hello-web': { shows: async (get) => [[await get(), /^Hello from hostenv\nmain, no release yet$/]] },
  'php-mysql': {
    programs: ['nginx', 'php', 'mariadbd', 'mariadb', 'mariadb-install-db'],
    shows: async (get) => [[await get(), /^Guest book of main/]],
  },
  'worker-and-cron': { shows: async (get) => [[await get(), /^0 done\n/]] },
}
const { hostPrograms } = await discover('/usr/bin:/usr/sbin:/bin')

for (const [name, { programs = [], shows }] of Object.entries(samples)) {
  const missing = programs.filter((program) => hostPrograms[program] === undefined)
  const why = skip || (missing.length > 0 && `this machine has no ${missing.join(', ')}`)
  t.test(`${name} runs under systemd, and after a power cut without anybody's help`, { skip: why }, async (t) => {
    const own = { ...hostPrograms, ...site.hostPrograms }
    const out = await store.package(await store.project(fixture(name)), { ref: 'main' }, { hostPrograms: own })
    const environment = await environmentOn(t, store)
    const first = await environment.activate(out)
    t.equal(first.code, 0, first.stderr)
    for (const [found, expected] of await shows(environment.get)) t.match(found, expected)
    t.match(await environment.activate(out), { code: 0, stdout: /unchanged/ })
    await environment.host.cut()
    await environment.host.boot()
    for (const [found, expected] of await shows(environment.get)) t.match(found, expected)
    const again = await environment.activate(out)
    t.equal(again.code, 0, again.stderr)
    t.notMatch(again.stdout, /started/, 'what runs since the boot is what was activated')
  })
}

t.test('starts, leaves alone, restarts, reloads and stops exactly what changed', { skip }, async (t) => {
  const words = (text: string, sleeper: string) =>
    of(`web = { ${serves(text)} listen.socket = "${socket}"; };
      calm = { ${sh(`show() { cat "$HOSTENV_STATE_DIR/files/calm/words"; }; trap show HUP; show; while :; do sleep ${sleeper}; done`)}
        reload.files.words = pkgs.writeText "words" "${text}\\n"; };`)
  const [one, two, three] = [await words('one', '0.1'), await words('two', '0.1'), await words('two', '0.2')]
  const none = await of('')
  const environment = await environmentOn(t, store)
  const { activate, pid, log } = environment
  t.match(await activate(one), { code: 0, stdout: 'calm started · web started', stderr: '' })
  await until(async () => /one/.test(await log('calm')))
  const [web, calm] = [await pid('web'), await pid('calm')]
  t.match(await activate(one), { code: 0, stdout: 'calm unchanged · web unchanged' })
  t.strictSame([await pid('web'), await pid('calm')], [web, calm])
  t.match(await activate(two), { code: 0, stdout: 'calm reloaded · web restarted' })
  t.equal(await pid('calm'), calm)
  t.not(await pid('web'), web)
  await until(async () => /two/.test(await log('calm')))
  t.match(await log('calm'), /one\ntwo/)
  t.equal(await environment.get(), 'two/')
  const second = await pid('web')
  t.match(await activate(three), { code: 0, stdout: 'calm restarted · web unchanged' })
  t.equal(await pid('web'), second)
  t.not(await pid('calm'), calm)
  await environment.ctl('stop', 'hostenv-web.service')
  t.match(await activate(three), { code: 0, stdout: 'calm unchanged · web restarted' }, 'what was stopped from outside')
  t.match(await activate(none), { code: 0, stdout: 'calm stopped · web stopped' })
  t.match(await activate(none), { code: 0, stdout: '' })
  t.strictSame([await pid('web'), await pid('calm')], [0, 0])
  const units = readdirSync(join(environment.host.root, 'home/shop/.config/systemd/user'), { recursive: true })
  t.strictSame(
    units.filter((name) => String(name).includes('hostenv-')),
    [],
    'no unit stays',
  )
})

t.test(
  'waits for who is ready before who is after; who is not is named, with what it wrote last',
  { skip },
  async (t) => {
    const found = `${sh(`[ -S "${socket}" ] && echo found; exec sleep 1000`)} after = [ "web" ];`
    const good = await of(
      `web = { ${serves('hello ', 500)} listen.socket = "${socket}"; readiness.http.path = "/x"; }; worker = { ${found} };`,
    )
    const silent = await of(
      `web = { ${sh('echo no luck; exec sleep 1000')} readiness = { command = [ "false" ]; timeout = 3; }; };`,
    )
    const dying = await of(`web = { ${sh('echo cannot go on; exit 3')} readiness.socket = "${socket}"; };`)
    const environment = await environmentOn(t, store)
    t.match(await environment.activate(good), { code: 0, stdout: 'web started · worker started' })
    await until(async () => (await environment.log('worker')) !== '')
    t.equal(await environment.log('worker'), 'found')
    const late = await environment.activate(silent)
    t.match(late, { code: 1, stderr: /^activate: web is not ready after 3 s\n(.*\n)*no luck/ })
    const dead = await environment.activate(dying)
    t.match(dead, { code: 1, stderr: /^activate: web died before it was ready: exit 3\n(.*\n)*cannot go on/ })
    t.match(await environment.activate(good), { code: 0, stdout: 'web restarted · worker started' }, 'and the way back')
    t.equal(await environment.get(), 'hello /')
  },
)

const lacking = ['/usr/bin/socat', '/usr/sbin/ip'].filter((program) => !existsSync(program))
const noRelay = skip || (lacking.length > 0 && `this machine has no ${lacking.join(', ')}`)
t.test('timers, sockets, the slice, ports of its own network, limits and signals', { skip: noRelay }, async (t) => {
  // Who is asked to stop answers whom it let in; who still waits at the socket gets the next one.
  const held = (words: string) =>
    js(`const server = require("http").createServer((q, a) => a.end("${words}")).listen({ fd: 3 });
      process.on("SIGTERM", () => server.close(() => process.exit(0))); setTimeout(() => {}, 1e6)`)
  // Takes longer than socat waits by itself for who has closed its half.
  const late = js(`require("net").createServer({ allowHalfOpen: true }, (client) => client.resume().on("end", () =>
      setTimeout(() => client.end("as " + process.getuid()), 1500))).listen(3000)`)
  const all = (words: string) =>
    of(
      `web = { ${held(words)} listen = { socket = "${socket}"; activation = true; }; };
      port = { ${late} listen = { port = 3000; socket = "$HOSTENV_RUNTIME_DIR/port.sock"; }; resources = { memory = "64M"; cpu = "0.5"; tasks = 32; }; };
      job = { ${sh('echo run; exit 0')} schedule = "*:*:*"; };
      polite = { ${sh('trap "echo asked; exit 0" INT; echo up; while :; do sleep 0.1; done')} stopSignal = "INT"; stopTimeout = 60; };`,
      'resources.memory = "1G";',
    )
  const [one, two] = [await all('one'), await all('two')]
  const none = await of('')
  const environment = await environmentOn(t, store)
  const { activate, ctl, pid, log } = environment
  t.match(await activate(one), { code: 0, stdout: 'job started · polite started · port started · web started' })
  t.equal(await environment.get(), 'one')
  const was = await pid('web')
  // Somebody asks all the time while the process is replaced: nobody is refused.
  const asking = environment.sh(`for i in $(seq 40); do
      printf 'GET / HTTP/1.0\\r\\n\\r\\n' | socat -t 10 - "UNIX-CONNECT:$HOSTENV_UPSTREAM_DIR/in.sock" | tail -n 1; echo; done | sort | uniq -c`)
  t.match(await activate(two), { code: 0, stdout: 'job unchanged · polite unchanged · port unchanged · web restarted' })
  t.not(await pid('web'), was)
  t.equal(await environment.get(), 'two')
  const answers = (await asking).stdout.split('\n').map((line) => line.trim())
  t.equal(
    answers.reduce((sum, line) => sum + (/ (one|two)$/.test(line) ? Number.parseInt(line, 10) : 0), 0),
    40,
    answers.join('; '),
  )
  const { stdout } = await environment.sh('echo who | socat -t 10 - "UNIX-CONNECT:$HOSTENV_RUNTIME_DIR/port.sock"')
  t.equal(stdout, 'as 1000')
  t.match(
    (await environment.sh('cat /proc/net/tcp /proc/net/tcp6')).stdout,
    /^((?!:0BB8).)*$/s,
    'the host has no such port',
  )
  await until(async () => ((await log('job')).match(/run/g) ?? []).length >= 2)
  t.match(await log('job'), /run\nrun/)
  t.match(
    await ctl('show', '-p', 'Slice,MemoryMax,CPUQuotaPerSecUSec,TasksMax', 'hostenv-port.service'),
    'Slice=hostenv.slice',
  )
  t.match(await ctl('show', '-p', 'MemoryMax,CPUQuotaPerSecUSec,TasksMax', 'hostenv-port.service'), /=67108864/)
  t.equal(await ctl('show', '-P', 'MemoryMax', 'hostenv.slice'), String(1024 ** 3))
  t.match(await activate(none), { code: 0, stdout: 'job stopped · polite stopped · port stopped · web stopped' })
  await until(async () => /asked/.test(await log('polite')))
  t.match(await log('polite'), /up\nasked/)
  t.equal(await ctl('list-units', '--no-legend', '--state=active', 'hostenv-*'), '')
  t.notOk(existsSync(join(environment.host.root, 'srv/run/port.sock.lock')))
})

t.test('killed at any moment, the next run brings it to where it should be', { skip }, async (t) => {
  const [one, two] = [
    await of(`web = { ${serves('one')} listen.socket = "${socket}"; };`),
    await of(`web = { ${serves('two')} listen.socket = "${socket}"; };`),
  ]
  const environment = await environmentOn(t, store)
  for (const [turn, kill] of [20, 60, 100, 140, 180, 220, 280, 340, 420, 500].entries()) {
    await environment.activate(turn % 2 === 0 ? two : one, { kill })
    const wanted = turn % 3 === 0 ? 'one' : 'two'
    const ran = await environment.activate(wanted === 'one' ? one : two)
    t.equal(ran.code, 0, `killed after ${kill} ms: ${ran.stderr}`)
    t.equal(await environment.get(), `${wanted}/`)
    t.match(await environment.activate(wanted === 'one' ? one : two), { stdout: 'web unchanged' })
  }
  // Between the two links of one unit.
  const half = 'rm /home/shop/.config/systemd/user/hostenv-web.service && : >"$HOSTENV_STATE_DIR/systemd/web"'
  t.match(await environment.sh(half), { code: 0 })
  t.match(await environment.activate(two), { code: 0, stdout: 'web restarted' })
})

t.test('where no systemd runs for the user it says so', async (t) => {
  const out = await of('')
  t.match(
    await import('../nix/service-tree.ts').then(({ serviceTree }) =>
      serviceTree(t, store).activate(out, { env: { HOSTENV_MANAGER: 'systemd' } }),
    ),
    {
      code: 1,
      stderr: /no systemd runs for user .*: it must linger \(loginctl enable-linger/,
    },
  )
})
