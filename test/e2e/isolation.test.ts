// What a pushed project may do to its host: nothing, at no stage. A fixture tries, and attacks are told one by one.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { environmentFacts } from '../../src/lib/names.ts'
import { get } from '../helpers/http.ts'
import { processesOf } from '../helpers/leftovers.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'

const receiver = await startReceiver(t)
const { stateDir, runtimeDir, home, httpPort } = receiver
const factsOf = (project: string, key: string) =>
  environmentFacts({ organisation: 'acme', project }, key, key, { domain: 'localhost', runtimeDir, stateDir })

mkdirSync(join(home, '.ssh'))
writeFileSync(join(home, '.ssh/id_ed25519'), 'a private key\n')
writeFileSync(join(home, 'secret'), 'a secret\n')

const victim = factsOf('helloweb', 'main')
const hello = await makeProject(t)
t.match(await hello.push(receiver, 'main'), { code: 0 }, 'the victim is live')

const targets = [
  join(home, 'secret'),
  ...[home, join(home, '.ssh/id_ed25519'), receiver.key.file],
  ...[
    join(stateDir, 'repos'),
    join(stateDir, 'repos/acme/helloweb.git'),
    join(stateDir, 'repos/acme/helloweb.git/HEAD'),
  ],
  ...[
    'ssh_host_ed25519_key',
    'hostenv.db',
    'lock.db',
    'ready.json',
    'log/hostenv.log',
    'log/deploys/1.log',
    'home',
    'tmp',
  ].map((name) => join(stateDir, name)),
  ...[victim.dataDir, victim.stateDir, victim.cacheDir],
  ...[
    victim.runtimeDir,
    victim.upstreamRuntimeDir,
    join(victim.upstreamRuntimeDir, 'in.sock'),
    join(runtimeDir, 'door'),
  ],
  ...['/root', '/etc/shadow', '/etc/ssl/private', '/etc/nix/nix.conf', '/etc/ssh', '/var', '/run', '/sys', '/nix/var'],
]

t.test('a project reads, writes, reaches and signals nothing that is not its own', async (t) => {
  const peeps = await makeProject(t, 'peeps', { targets: `${targets.join('\n')}\n` })
  const pushed = await peeps.push(receiver, 'main', { name: 'acme/peeps' })
  t.equal(pushed.code, 0, pushed.stderr)
  t.notMatch(pushed.stderr, /could read/)
  const seen = JSON.parse((await get(httpPort, factsOf('peeps', 'main').hostname)).body)
  for (const what of ['evaluation', 'build', 'activation', 'running', 'written', 'reached'])
    t.strictSame(seen[what], [], `${what}: nothing`)
  t.strictSame(seen.signalled, [], 'no process takes a signal but those it sees')
  t.ok(seen.processes.length > 0 && seen.processes.length < 10, 'it sees its own processes')
  for (const command of seen.processes) t.match(command, /^(s6-|node|\S*\/node )|s6-|peep\.js/, `its own: ${command}`)
  const inherited = seen.descriptors.filter((text: string) => !/anon_inode|eventpoll|\/proc\/|\/dev\/null/.test(text))
  t.strictSame(
    inherited.filter((text: string) => !/^\d+ (pipe|socket):/.test(text)),
    [],
    'no file of anybody else is open in it',
  )
  const own = ['TARGETS', 'SEEN_IN_EVALUATION', 'SEEN_IN_BUILD', 'PWD', 'OLDPWD', 'SHLVL', '_']
  const given =
    /^(HOSTENV_(ORGANISATION|PROJECT|ENVIRONMENT|TYPE|HOSTNAME|MANAGER|(RUNTIME|UPSTREAM|DATA|STATE|CACHE|SECRETS)_DIR)|XDG_[A-Z_]+|HOME|PATH|LANG|USER|LOGNAME)$/
  t.strictSame(
    seen.variables.filter((name: string) => !own.includes(name) && !given.test(name)),
    [],
    'no variable of the receiver reaches it',
  )

  const attacks = ['read', 'list', 'copy', 'import', 'fetch', 'git', 'tree', 'store']
  const refused = await peeps.push(
    receiver,
    attacks.map((key) => `main:${key}`),
    { name: 'acme/peeps' },
  )
  t.equal(refused.code, 1)
  t.notMatch(refused.stderr, /could read/)
  for (const key of attacks)
    t.match(
      refused.stderr,
      new RegExp(`remote rejected\\] main -> ${key} \\(evaluation failed.*(forbidden|disabled|not allowed)`),
      `evaluation: ${key} is refused by name`,
    )
})

// ATTACK: in.sock is not the environment's own socket, but a link to its neighbour's.
t.test('a link to another environment in place of in.sock is answered for by nobody', async (t) => {
  const mallory = await makeProject(t, 'hello-web', {
    '.hostenv/hostenv.nix': `{ pkgs, ... }: {
      environments.main = { type = "production"; deploymentVerification.enable = false; };
      activate = ''
        ln -sfn ${victim.upstreamRuntimeDir}/in.sock "$HOSTENV_UPSTREAM_DIR/in.sock"
        ln ${victim.upstreamRuntimeDir}/in.sock "$HOSTENV_UPSTREAM_DIR/other.sock" || echo no hard link
        rmdir "$HOSTENV_UPSTREAM_DIR" 2>/dev/null || echo the folder stays
        mv "$HOSTENV_UPSTREAM_DIR" "$HOSTENV_UPSTREAM_DIR.old" 2>/dev/null || echo its name stays
      '';
    }`,
  })
  const pushed = await mallory.push(receiver, 'main', { name: 'acme/mallory' })
  t.equal(pushed.code, 0, pushed.stderr)
  for (const said of ['no hard link', 'the folder stays', 'its name stays']) t.match(pushed.stderr, said)
  const answer = await get(httpPort, factsOf('mallory', 'main').hostname)
  t.equal(answer.status, 502)
  t.notMatch(answer.body, /greeting|hello/i)
  t.equal((await get(httpPort, victim.hostname)).status, 200, 'the neighbour is well')
})

// ATTACK: processes that outlive activate, the lock of the switch, and descriptors of the receiver.
t.test('activate and builds get no descriptor and leave no process', async (t) => {
  const list = 'for fd in /proc/self/fd/*; do echo "fd $(readlink "$fd")"; done'
  const mallory = await makeProject(t, 'hello-web', {
    '.hostenv/hostenv.nix': `{ pkgs, ... }: {
      environments.main.type = "production";
      activate = ''
        setsid sleep 98765 > /dev/null 2>&1 < /dev/null &
        ${list}
        cat \${pkgs.runCommand "fds" { } ''( ${list} ) > $out''} | sed 's/^/build /'
        touch /outside 2>/dev/null || echo nothing outside
        find ${stateDir} -maxdepth 2 ! -path '*/env' ! -path ${stateDir} | sed 's/^/beside: /'
        rm -rf "$HOSTENV_STATE_DIR/release.json"
        mkdir "$HOSTENV_STATE_DIR/release.json"
      '';
      processes.web = { command = [ "\${pkgs.nodejs}/bin/node" "\${../server.js}" ]; environment.GREETING = "\${../greeting.txt}"; };
    }`,
  })
  t.match(await mallory.push(receiver, 'main', { name: 'acme/leaver' }), { code: 0 })
  await mallory.commit('again', { 'greeting.txt': 'again\n' })
  const again = await mallory.push(receiver, 'main', { name: 'acme/leaver' })
  t.equal(again.code, 0, again.stderr)
  t.match(again.stderr, 'nothing outside')
  t.strictSame(
    again.lines
      .map(({ text }) => text)
      .filter((text) => text.includes('beside: ') && !text.includes('/env/leaver-main')),
    [],
    'of the state directory it sees the way to its own',
  )
  const descriptors = again.lines.map(({ text }) => /\sfd (.*)$/.exec(text)?.[1]).filter((found) => found !== undefined)
  t.ok(descriptors.length >= 4)
  t.strictSame(
    descriptors.filter((target) => !/^(pipe:|socket:|\/dev\/(null|pts)|\/proc\/|\/nix\/store\/|$)/.test(target)),
    [],
    'no lock, no database, no file of the receiver',
  )
  t.notOk(descriptors.some((target) => target.includes('activate.lock')))
  t.strictSame(
    processesOf('98765').filter(({ command }) => command.startsWith('sleep')),
    [],
    'nothing outlives activate',
  )
})

t.test('the receiver is as it was', async (t) => {
  t.notOk(readdirSync(runtimeDir).includes('peeps-was-here'))
  t.match(await hello.push(receiver, 'main:staging'), { code: 0 })
})
