// A receiver as its operator sees it: looked at, collected, backed up, restored on an empty machine, and pushed to again.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { mustRun } from '../../src/lib/spawn.ts'
import { backUp } from '../../src/operate/backup.ts'
import { examine } from '../../src/operate/doctor/doctor.ts'
import { collectGarbage, type GcOptions } from '../../src/operate/gc.ts'
import { restore } from '../../src/operate/restore.ts'
import { get } from '../helpers/http.ts'
import { processesOf } from '../helpers/leftovers.ts'
import { parseMetrics } from '../helpers/metrics.ts'
import { cleanEnv, hostenv, path } from '../helpers/programs.ts'
import { makeProject } from '../helpers/project.ts'
import { type Receiver, startReceiver } from '../helpers/receiver.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const receiver = await startReceiver(t)
const project = await makeProject(t)
const greet = (text: string) => project.commit(text, { 'greeting.txt': `${text}\n` })
const push = () => project.push(receiver, 'main')
// No assertion before the first subtest: tap would take the end of it for the end of the file.
const outcomes: (number | null)[] = []
for (const text of ['one', 'two']) {
  await greet(text)
  outcomes.push((await push()).code)
}
const second = await project.git('rev-parse', 'HEAD')
project.overlay('overlays/dies-at-once')
await project.commit('This one dies')
outcomes.push((await push()).code)
await project.git('reset', '-q', '--hard', second)

const user = readdirSync(join(receiver.stateDir, 'env'))[0] ?? ''
const hostname = `${user}.localhost`
const repository = join(receiver.stateDir, 'repos/acme/helloweb.git')

function operate(args: readonly string[], of: Pick<Receiver, 'stateDir' | 'runtimeDir'> = receiver) {
  return hostenv([...args, '--state', of.stateDir, '--runtime', of.runtimeDir], receiver.home)
}

// In this process: starting the command costs more than what it does.
const env = { home: receiver.home, path, stateHome: undefined, runtimeDir: undefined, user: undefined }
const doctor = (of: Pick<Receiver, 'stateDir' | 'runtimeDir'> = receiver) => examine(of, env)

async function gc(options: Partial<GcOptions>): Promise<string> {
  const lines: string[] = []
  const say = (line: string) => void lines.push(line)
  await collectGarbage(receiver, env, { dryRun: false, logDays: 90, wait: 60, say, ...options })
  return lines.join('\n')
}

function ask(path: string, method = 'GET'): Promise<{ status: number; body: string; end: () => void }> {
  return new Promise((resolve, reject) => {
    const socketPath = join(receiver.runtimeDir, 'admin.sock')
    const sent = request({ socketPath, path, method, agent: false }, (response) => {
      let body = ''
      const answer = () => resolve({ status: response.statusCode ?? 0, body, end: () => sent.destroy() })
      response.setEncoding('utf8').on('error', () => undefined)
      response.on('data', (chunk: string) => {
        body += chunk
        if (method === 'POST') answer()
      })
      response.on('end', answer)
    })
    sent.on('error', reject).end()
  })
}

const shell = (command: string) => mustRun({ argv: ['sh', '-c', command], env: cleanEnv(receiver.home) })

t.test('a healthy receiver is found healthy, while it runs', async (t) => {
  t.strictSame(outcomes, [0, 0, 1])
  t.match(await doctor(), {
    findings: [],
    compared: { projects: 1, environments: 1, refs: 4 },
    facts: { receiver: 'runs' },
  })
  const json = await operate(['doctor', '--json'])
  t.match(JSON.parse(json.stdout), { healthy: true, findings: [] })
  const { stdout, code } = await operate(['doctor'])
  t.equal(code, 0)
  t.match(stdout, /^hostenv \d[^\n]+\nReceiver {2}runs\n[\s\S]*\nNothing differs\.$/)
})

t.test('the admin socket is for this user alone and tells health and metrics', async (t) => {
  t.equal(statSync(join(receiver.runtimeDir, 'admin.sock')).mode & 0o777, 0o600)
  const health = await ask('/healthz')
  t.equal(health.status, 200)
  t.match(JSON.parse(health.body), { status: 'ok', pid: receiver.pid, environments: 1 })
  const families = parseMetrics((await ask('/metrics')).body)
  const value = (name: string, labels: Record<string, string> = {}) =>
    families.get(name)?.samples.find((one) => JSON.stringify(one.labels) === JSON.stringify(labels))?.value
  t.equal(value('hostenv_deploys_total', { outcome: 'live' }), 2)
  t.equal(value('hostenv_deploys_total', { outcome: 'check_failed' }), 1)
  t.equal(value('hostenv_environments', { state: 'live' }), 1)
  t.equal(value('hostenv_deploys_active'), 0)
  t.ok((value('process_resident_memory_bytes') ?? 0) > 1e7)
  t.equal(families.get('hostenv_deploy_stage_seconds')?.type, 'histogram')
  t.equal((await ask('/nothing')).status, 404)
})

t.test('the doctor finds what somebody changed by hand, and its own commands mend it', async (t) => {
  const profile = join(receiver.stateDir, 'env', user, 'profile/profile')
  const git = `git -C ${repository}`
  await shell(`${git} update-ref refs/heads/main main~1 && ${git} update-ref -d refs/hostenv/live/main`)
  await shell(`${git} update-ref refs/hostenv/releases/main/1 main && ${git} update-ref refs/heads/by-hand main`)
  await shell(`${git} update-ref refs/hostenv/releases/main/9 main`)
  await shell(`nix-env --store ${receiver.stateDir}/nix --profile ${profile} --switch-generation 1`)
  mkdirSync(join(receiver.stateDir, 'env/nobody-knows-0000000'))
  t.equal((await operate(['doctor'])).code, 1)
  const { findings } = await doctor()
  const said = findings.map(({ what }) => what.replaceAll(/[0-9a-f]{7,}/g, 'ID').replaceAll(receiver.directory, 'DIR'))
  t.strictSame(said.sort(), [
    'DIR/state/env/nobody-knows-ID holds data of no environment in the record',
    'its profile is at generation 1; release 2, which is live, is generation 2',
    'refs/heads/by-hand is at ID; the record knows of no such ref (somebody made it by hand)',
    'refs/heads/main is at ID; the record says ID (somebody moved it by hand)',
    'refs/hostenv/live/main is missing; the record says ID',
    'refs/hostenv/releases/main/9 is at ID; the record knows of no such ref',
  ])
  for (const { mend } of findings) await shell(mend.replace(/^look .*: /, '').replace(/ {3}\(.*$/, ''))
  t.strictSame((await doctor()).findings, [])
})

t.test('services that were killed are missed until the receiver has brought them back', async (t) => {
  const trees = processesOf(receiver.directory).filter(({ command }) => /(^|\/)s6-svscan /.test(command))
  // A receiver that stands still starts nothing, and answers nobody.
  process.kill(receiver.pid, 'SIGSTOP')
  for (const { pid } of trees) process.kill(pid, 'SIGKILL')
  const { findings } = await doctor().finally(() => process.kill(receiver.pid, 'SIGCONT'))
  t.match(findings, [
    { where: 'receiver', what: /it runs, but nobody answers on .*admin\.sock/ },
    { where: 'acme/helloweb main', what: 'it is live, but its services do not run' },
  ])
  await until(async () => (await doctor()).healthy)
  t.match((await get(receiver.httpPort, hostname)).body, /two/)
})

async function until(done: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await done()); await sleep(200))
    if (Date.now() > deadline) throw new Error('it did not come to that within a minute')
}

t.test('a push waits while the operator holds deploys back, and goes on afterwards', async (t) => {
  const paused = await ask('/pause?wait=30&why=test', 'POST')
  t.match(paused, { status: 200, body: 'paused\n' })
  t.match(JSON.parse((await ask('/healthz')).body), { status: 'maintenance' })
  await t.rejects(gc({ wait: 0 }), { message: /other maintenance.*--wait/ }, 'one at a time')
  await greet('three')
  const pushed = project.push(receiver, 'main', {
    onLine: ({ text }) => {
      if (text.includes("operator's maintenance")) paused.end()
    },
  })
  const { code, stderr } = await pushed.finally(paused.end)
  t.equal(code, 0)
  t.match(stderr, /waiting for the operator's maintenance/i)
  t.match((await get(receiver.httpPort, hostname)).body, /three/)
})

t.test('gc shows what it would remove, removes that, and never a release', async (t) => {
  const old = join(receiver.stateDir, 'log/deploys/d1.log')
  utimesSync(old, 0, 0)
  // As of a deploy that failed under an older receiver.
  const profile = join(receiver.stateDir, 'env', user, 'profile/profile')
  symlinkSync(readlinkSync(`${profile}-1-link`), `${profile}-9-link`)
  const before = readdirSync(join(receiver.stateDir, 'nix/nix/store')).length
  const dry = await operate(['gc', '--dry-run'])
  t.equal(dry.code, 0)
  t.match(
    dry.stdout,
    /^Releases {4}3 generations to go back to: kept\n {12}generation 9 of .*: that no release needs\n/,
  )
  t.match(dry.stdout, /acme\/helloweb\.git: \d+ objects of refused pushes/)
  t.match(dry.stdout, /1 log of deploys older than 90 days/)
  t.match(dry.stdout, /Nothing was removed/)
  t.equal(readdirSync(join(receiver.stateDir, 'nix/nix/store')).length, before)
  t.ok(existsSync(old))
  const [, paths] = /(\d+) paths? that nothing needs/.exec(dry.stdout) ?? []
  t.match(await operate(['gc']), { code: 0, stdout: /^Freed about /m })
  const left = before - readdirSync(join(receiver.stateDir, 'nix/nix/store')).filter((name) => name !== '.links').length
  t.ok(left >= Number(paths) && Number(paths) > 3, `${left} of ${paths} paths are gone`)
  t.notOk(existsSync(old))
  for (const more of [[], ['--json']])
    t.match(await receiver.ssh('logs', 'd1', ...more), { code: 1, stdout: '', stderr: /no log of d1 any more/ })
  const again = await gc({ dryRun: true })
  t.match(again, /^Releases {4}3 generations[^\n]*\nNix store {3}0 paths[\s\S]*no objects of refused pushes/)
  t.strictSame((await doctor()).findings, [], 'every release can still be gone back to')
  await greet('four')
  t.equal((await push()).code, 0)
})

t.test('a first push that was refused leaves nothing to mend', async (t) => {
  const never = await makeProject(t)
  never.overlay('overlays/dies-at-once')
  await never.commit('This one never lived')
  t.equal((await never.push(receiver, 'main', { name: 'acme/never' })).code, 1)
  const { findings, compared } = await doctor()
  t.strictSame(findings, [])
  t.match(compared, { projects: 2, environments: 2 })
})

t.test('a receiver at rest with leftovers is told from one that is well', async (t) => {
  await receiver.stop()
  t.match(await doctor(), { findings: [], facts: { receiver: 'does not run' } })
  writeFileSync(join(repository, 'refs/heads/main.lock'), '')
  t.match((await doctor()).findings, [{ what: /main\.lock keeps git/, mend: 'start the receiver: it removes them' }])
  await receiver.restart()
  await until(async () => (await doctor()).healthy)
})

t.test('a backup makes an empty machine the same receiver: old releases live, pushes go on', async (t) => {
  const folder = tempDir(t, 'b')
  const file = join(folder, 'today.tar')
  const made = await operate(['backup', file])
  t.match(made, { code: 0, stdout: /1 repository, 4 release generations, \d+ store paths/ })
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.strictSame(readdirSync(folder), ['today.tar'], 'nothing else is left beside it')
  await t.rejects(backUp(receiver, env, file, { store: true, wait: 60 }), { message: /exists: name a new file/ })
  await t.rejects(restore(receiver.stateDir, env, file), { message: /is not empty/ })

  const restored = await startReceiver(t, {
    before: async (dirs) =>
      void t.match(await operate(['restore', file], dirs), { code: 0, stdout: /is as it was at 20/ }),
  })
  await until(async () => (await doctor(restored)).healthy)
  t.match((await get(restored.httpPort, hostname)).body, /four/, 'what was live is live')
  t.strictSame(
    (await restored.ssh('releases', 'main', '--json')).stdout,
    (await receiver.ssh('releases', 'main', '--json')).stdout,
  )
  t.equal(
    readFileSync(join(restored.stateDir, 'ssh_host_ed25519_key'), 'utf8'),
    readFileSync(join(receiver.stateDir, 'ssh_host_ed25519_key'), 'utf8'),
  )
  await greet('five')
  t.match(await project.push(restored, 'main'), { code: 0, stderr: /release 5/ })
  t.match((await get(restored.httpPort, hostname)).body, /five/)
  t.match((await get(receiver.httpPort, hostname)).body, /four/, 'the other machine is another')
})

t.test('a backup that was cut or is none leaves nothing behind', async (t) => {
  const folder = tempDir(t, 'c')
  const whole = join(folder, 'whole.tar')
  await backUp(receiver, env, whole, { store: false, wait: 60 })
  const dirs = { stateDir: join(folder, 'state'), runtimeDir: join(folder, 'run') }
  const bytes = readFileSync(whole)
  const table: [string, Buffer, RegExp][] = [
    ['cut', bytes.subarray(0, bytes.indexOf('repos/acme')), /lacks the repository|could not be restored/],
    ['half', bytes.subarray(0, bytes.length >> 1), /could not be restored/],
    ['none', Buffer.from('hello'), /is no backup/],
  ]
  for (const [name, content, words] of table) {
    const file = join(folder, `${name}.tar`)
    writeFileSync(file, content)
    await t.rejects(restore(dirs.stateDir, env, file), { message: words }, name)
    t.notOk(existsSync(join(dirs.stateDir, 'hostenv.db')), name)
  }
  // Without the releases themselves: the record says what was live, and a push makes it run.
  t.match(await operate(['restore', whole], dirs), { code: 0, stdout: /releases not in the store/ })
  t.match((await doctor(dirs)).findings[0], { what: /which is gone/ })
  renameSync(dirs.stateDir, `${dirs.stateDir}-2`)
  // Where there is nothing, a command that stops or compares nothing would look like one that did.
  for (const command of ['doctor', 'down'])
    t.match(await operate([command], dirs), { code: 1, stderr: /no receiver's state in/ }, command)
  rmSync(`${dirs.stateDir}-2`, { recursive: true })
})
