// Every limit that pushed code can run into, with the limit lowered; and what it prints on the way, which no terminal minds.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { end } from '../../src/lib/proc.ts'
import { until } from '../helpers/agree.ts'
import { processesOf } from '../helpers/leftovers.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { factsOf } from '../helpers/standing.ts'

const limits = {
  evaluationTime: 30_000,
  evaluationMemory: 768 * 1024 ** 2,
  manifestBytes: 1024 ** 2,
  activateTime: 60_000,
  stopTime: 3000,
  portCheckInterval: 300,
  treeCheckInterval: 500,
  environmentMemory: 300 * 1024 ** 2,
  processMemory: 400 * 1024 ** 2,
}
const within = (times: { evaluationTime?: number; activateTime?: number }) => ({
  ...{ faults: '', env: { HOSTENV_OVERRIDES: JSON.stringify({ limits: { ...limits, ...times } }) } },
})
const receiver = await startReceiver(t, within({ evaluationTime: 5000 }))
const project = await makeProject(t)
const service = `processes.web = { command = [ "\${pkgs.nodejs}/bin/node" "\${../server.js}" ]; environment.GREETING = "\${../greeting.txt}"; };`
const quick = 'deploymentVerification.upFor = 1;'

async function push(nix: string, name: string, files: Record<string, string> = {}, verification = quick) {
  const source = `{ pkgs, lib, ... }: { environments.main = { type = "production"; ${verification} }; ${nix} }`
  await project.commit(name, { '.hostenv/hostenv.nix': source, ...files })
  return await project.push(receiver, 'main', { name: `acme/${name}` })
}

const mine = () => processesOf(receiver.directory).filter(({ command }) => /nix-instantiate|sleep 4321/.test(command))

t.test('evaluation that never ends is ended, all of it', async (t) => {
  const pushed = await push(
    `warnings = let often = f: builtins.foldl' (_: x: builtins.seq (f x) x) 0 (lib.genList (x: x) 10000);
      in [ (toString (often (_: often (_: often (_: often (x: x)))))) ];`,
    'loops',
  )
  t.match(pushed, { code: 1, stderr: /\(evaluation took longer than 5 s; log d\d+\)/ })
  await until('nothing of it is left', () => mine().length === 0)
})

t.test('activate that never ends is ended, with what it started', async (t) => {
  await receiver.restart(within({ activateTime: 5000 }))
  const pushed = await push('activate = "sleep 43210 & sleep 43211";', 'never')
  t.match(pushed, { code: 1, stderr: /\(activate failed: took longer than 5 s; log d\d+\)/ })
  await until('nothing of it is left', () => mine().length === 0)
})

t.test('evaluation that eats memory is refused with the limit', async (t) => {
  await receiver.restart(within({}))
  // Doubled thirty times: the limit is met long before the time is up.
  const eats = `builtins.foldl' (text: _: text + text) "0123456789abcdef" (lib.genList (x: x) 30)`
  const pushed = await push(`warnings = [ (toString (builtins.stringLength (${eats}))) ];`, 'eats')
  t.match(pushed, { code: 1, stderr: /\(evaluation needed more than 768 MiB of memory; log d\d+\)/ })
})

t.test('a manifest of 10 MB is refused with the limit', async (t) => {
  const pushed = await push('warnings = [ (lib.concatStrings (lib.genList (_: "0123456789") 1000000)) ];', 'big')
  t.match(pushed, { code: 1, stderr: /\(the manifest is larger than 1024 KiB; log d\d+\)/ })
})

t.test('import from a derivation is refused', async (t) => {
  const pushed = await push('warnings = [ (builtins.readFile (pkgs.runCommand "ifd" { } "echo > $out")) ];', 'ifd')
  t.match(pushed, { code: 1, stderr: /import-from-derivation/ })
})

t.test('activate that prints without end costs the receiver no memory', async (t) => {
  const before = rss()
  const pushed = await push(`activate = "tr '\\\\0' x < /dev/zero | head -c 100000000; exit 3"; ${service}`, 'prints')
  t.match(pushed.stderr.slice(-500), /\(activate failed: exit 3; log d\d+\)/)
  t.ok(pushed.lines.length < 200, `it is told in ${pushed.lines.length} lines`)
  t.match(pushed.stderr, 'the rest is left out')
  t.ok(rss() - before < 64 * 1024, `grew by ${Math.round((rss() - before) / 1024)} MiB`)
})

t.test('a hash mismatch prints the hash that was got', async (t) => {
  const wrong = `derivation { name = "fixed"; system = pkgs.system or "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo > $out" ];
    outputHashAlgo = "sha256"; outputHashMode = "flat"; outputHash = lib.concatStrings (lib.genList (_: "0") 64); }`
  const pushed = await push(`activate = "cat \${${wrong}}";`, 'mismatch')
  t.match(pushed, { code: 1, stderr: /got: +sha256-/ })
})

t.test('no control character of a project reaches a terminal', async (t) => {
  const evil = '\u001b]0;title\u0007\u001b[31mred\u009b2J\u202eback\u0008\u0000'.replace('\u0000', '')
  const printf = String.raw`printf 'a\033]0;title\007b\033[31mc\015d\010e\302\2332Jf\n'`
  const pushed = await push(
    `warnings = [ (builtins.readFile ../evil) ];
     activate = "cat \${pkgs.runCommand "evil" { } ''${printf}; ${printf} > $out''}; ${printf.replaceAll('\\', '\\\\')}; exit 1";`,
    'evil',
    { evil },
  )
  t.equal(pushed.code, 1)
  for (const { text } of pushed.lines) t.notMatch(text, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/, text)
  t.match(pushed.stderr, 'red')
  const id = /logs d(\d+)|log d(\d+)/.exec(pushed.stderr)
  const log = await receiver.ssh('logs', `d${id?.[1] ?? id?.[2]}`)
  t.notMatch(log.stdout, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/)
})

const placeOf = (name: string, path: string) =>
  join(receiver.stateDir, 'env', factsOf('main', `acme/${name}`).userName, path)
/** What a server.js says that calls `what` only when its push is over and it is told so. */
const onceTold = (what: string) => `const go = process.env.HOSTENV_DATA_DIR + '/go'
      const timer = setInterval(() => { if (fs.existsSync(go)) { clearInterval(timer); ${what}() } }, 100)`
const tell = (name: string) => writeFileSync(placeOf(name, 'data/go'), '')

// Takes 250 MB in each of two processes, which together are more than one environment may have.
const taker = (when: string) => ({
  'server.js': `const http = require('node:http'), fs = require('node:fs'), { fork } = require('node:child_process')
    const socket = process.env.HOSTENV_UPSTREAM_DIR + '/in.sock'
    let held
    const take = () => { held = Buffer.alloc(250 * 1024 ** 2, 1) }
    if (process.argv[2] === 'child') { take(); setInterval(() => held.length, 1000) }
    else {
      fs.rmSync(socket, { force: true })
      const listen = () => http.createServer((_, response) => response.end('hello')).listen(socket)
      const both = () => { take(); fork(__filename, ['child']) }
      ${when}
    }`,
})
const overMemory = /\d+ MiB of memory were in use; at most 300 MiB may be \(limits\.environmentMemory\)/

t.test('services that take too much memory together are ended, and the limit is named', async (t) => {
  // Long enough for the receiver to look, however busy the machine is.
  const pushed = await push(service, 'takes', taker('both()'), 'deploymentVerification.upFor = 60;')
  t.match(pushed, { code: 1, stderr: overMemory })
})

t.test('services that do so later are stopped, and envs says why', async (t) => {
  const pushed = await push(service, 'takes-later', taker(`listen(); ${onceTold('both')}`))
  t.match(pushed, { code: 0 })
  tell('takes-later')
  const found = await untilSaid('acme/takes-later', /services were stopped/)
  t.match(found, overMemory)
  t.match(found, 'broken')
  t.match(await push(service, 'takes-later', taker('listen()')), { code: 0 }, 'a push mends it')
})

t.test('where a release is live already it comes back, and is started again when it falls', async (t) => {
  const name = 'takes-next'
  t.match(await push(service, name, taker('listen()')), { code: 0 })
  const second = await push(service, name, taker('both()'), 'deploymentVerification.upFor = 60;')
  t.match(second, { code: 1, stderr: overMemory })
  const envs = async () => (await receiver.ssh('envs', '-p', `acme/${name}`)).stdout
  t.notMatch(await envs(), /broken/)
  const trees = () => processesOf(receiver.directory).filter(({ command }) => /s6-svscan.*\/takesnext-/.test(command))
  const before = trees().map(({ pid }) => pid)
  t.ok(before.length > 0, 'the release before runs')
  for (const pid of before) end(pid)
  await until('it is started again', () => trees().some(({ pid }) => !before.includes(pid)), 60)
})

t.test('activate that fills /tmp, which is memory, is ended, and the limit is named', async (t) => {
  const pushed = await push('activate = "head -c 500000000 /dev/zero > /tmp/file; sleep 100";', 'fills')
  t.match(pushed, { code: 1, stderr: overMemory })
})

t.test('a program that runs out of memory is told how much it may have', async (t) => {
  // All of it at once, and nothing of it written: the environment as a whole has not enough to be ended for.
  const pushed = await push('activate = "dd if=/dev/zero bs=500M count=1 of=/dev/null";', 'hungry')
  t.match(pushed, { code: 1, stderr: /Each process may have 400 MiB of memory/ })
})

const listener = (port: string, when: string) => ({
  'server.js': `const http = require('node:http'), fs = require('node:fs')
    const socket = process.env.HOSTENV_UPSTREAM_DIR + '/in.sock'
    fs.rmSync(socket, { force: true })
    http.createServer((_, response) => response.end('hello')).listen(socket)
    const listen = () => http.createServer().listen(${port}, '127.0.0.1', function () {
      fs.writeFileSync(process.env.HOSTENV_STATE_DIR + '/port', String(this.address().port)) })
    ${when}`,
})

t.test('a service that listens on a port is refused, with the port', async (t) => {
  const pushed = await push(service, 'listens', listener('0', 'listen()'))
  t.match(pushed, { code: 1, stderr: /\(listens on port \d+; log d\d+\)/ })
  t.match(pushed.stderr, 'in.sock')
})

t.test('one that starts to listen later is found, and envs warns', async (t) => {
  const pushed = await push(service, 'later', listener('0', onceTold('listen')))
  t.match(pushed, { code: 0 })
  tell('later')
  const said = await untilSaid('acme/later', /port/)
  const file = placeOf('later', 'state/port')
  await until('it says which', () => existsSync(file) && readFileSync(file, 'utf8') !== '')
  const port = readFileSync(file, 'utf8')
  t.match(said, new RegExp(`port.*${port}`))
})

/** What `envs` says of a project, once it says that. */
async function untilSaid(name: string, what: RegExp): Promise<string> {
  const deadline = Date.now() + 60_000
  for (;;) {
    const { stdout } = await receiver.ssh('envs', '-p', name)
    if (what.test(stdout) || Date.now() > deadline) return stdout
    await sleep(200)
  }
}

function rss(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${receiver.pid}/status`, 'utf8'))?.[1])
}
