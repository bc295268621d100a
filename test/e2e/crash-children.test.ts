// kill -9 of what a deploy and an environment consist of: git, Nix, services. And: children die with the daemon, trees come back.
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { descendants, end, processes } from '../../src/lib/proc.ts'
import { agree, leftByCrash, record, strays, tree, until } from '../helpers/agree.ts'
import { get } from '../helpers/http.ts'
import { makeKilling, slow } from '../helpers/killing.ts'
import { gone, lasting } from '../helpers/lasting.ts'
import type { Files } from '../helpers/project.ts'
import { makeQuickProject } from '../helpers/quick-project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { tempDir } from '../helpers/temp-dir.ts'

t.test('what is killed', async (t) => {
  const gate = join(tempDir(t), 'gate')
  const receiver = await startReceiver(t, {
    faults: `S6@acme/late=throw,S5@acme/refs=gate:${gate}`,
    env: { HOSTENV_OVERRIDES: '{"limits":{"treeCheckInterval":500}}' },
  })
  const killing = await makeKilling(t, receiver)
  const { name, project, user, last, isBuilding, ours, kill, truth, again } = killing

  await t.test('git receive-pack during a build: the push ends, the daemon does not', async (t) => {
    await again(slow)
    const pushing = project.push(receiver, 'main', { name })
    await until('it builds', isBuilding)
    t.ok(kill(/^git .*receive-pack/) > 0)
    t.not((await pushing).code, 0)
    await until('the build is cancelled', () => last().stage === 'failed')
    await truth(t, killing.base)
    await until('no process is left', () => ours(/receive-pack|nix build/).length === 0)
  })

  await t.test('git receive-pack while it takes the pack', async (t) => {
    await project.git('reset', '-q', '--hard', killing.base)
    await project.git('config', 'core.compression', '0')
    const noise = () => Buffer.from(crypto.getRandomValues(new Uint8Array(48_000))).toString('base64')
    const big = Array.from({ length: 400 }, noise).join('\n')
    await project.commit('big', { 'big.txt': big })
    const before = last().id
    // Of its 25 MB the rest never comes.
    const half = join(receiver.directory, 'half')
    writeFileSync(half, `exec ${receiver.sshCommand()} "$@" < <(head -c 8000000; exec tail --pid=$$ -f /dev/null)`)
    const env = { GIT_SSH_COMMAND: `bash ${half}`, GIT_SSH_VARIANT: 'ssh' }
    const pushing = project.push(receiver, 'main', { name, env })
    await until('it unpacks', () => ours(/index-pack|unpack-objects/).length > 0)
    t.ok(kill(/^git .*receive-pack/) > 0)
    t.not((await pushing).code, 0)
    t.equal(last().id, before, 'no deploy came of it')
    const objects = () => readdirSync(join(receiver.stateDir, 'repos', `${name}.git`, 'objects'))
    await until('what it had taken is gone', () => !objects().some((one) => one.startsWith('tmp_objdir')))
    await truth(t, killing.base)
  })

  await t.test('nix build: refused by name', async (t) => {
    await again(slow)
    const pushing = project.push(receiver, 'main', { name })
    await until('it builds', () => isBuilding() && ours(/^nix .*build .*--out-link/).length > 0)
    t.ok(kill(/^nix .*build .*--out-link/) > 0)
    t.match((await pushing).stderr, /remote rejected\] main -> main \(build failed: /)
    await truth(t, killing.base)
    t.same(leftByCrash(receiver), [], 'neither its lock nor what its build saw as root is left in the store')
  })

  await t.test('git update-ref with all its locks: the refs move all the same, and nothing is locked', async (t) => {
    const refs = await makeQuickProject(t)
    writeFileSync(gate, '')
    const pushing = refs.push(receiver, 'main', { name: 'acme/refs' })
    await until('it is past S5', () => /^fault S5 d\d+ acme\/refs$/m.test(receiver.log()))
    t.ok(kill(/^git .*update-ref/) > 0)
    rmSync(gate)
    const pushed = await pushing
    t.equal(pushed.code, 0, pushed.stderr)
    const head = await refs.git('rev-parse', 'HEAD')
    t.same(await agree(receiver, 'acme/refs', 'main', { live: head, branch: head }), [])
  })

  await t.test('a tree of services, and the sandbox around one, come back while the daemon runs', async (t) => {
    for (const which of ['s6-svscan', 'bwrap', 'all'] as const) {
      const pids = tree(receiver, user)
      const top = pids.find((pid) => processes().some((one) => one.pid === pid && one.command.startsWith('s6-svscan')))
      const outer = processes().find(({ pid }) => pid === top)?.parent ?? 0
      for (const pid of which === 'all' ? pids : [which === 'bwrap' ? outer : (top ?? 0)]) end(pid)
      if (which !== 'bwrap')
        await until(
          'another tree runs',
          () => tree(receiver, user).length > 1 && !tree(receiver, user).includes(top ?? 0),
        )
      await until('it answers', async () => (await get(receiver.httpPort, `${user}.localhost`)).status === 200)
      // What is installed is written after that.
      const expected = { live: killing.base, branch: killing.base }
      const agrees = async () => (await agree(receiver, name, 'main', expected)).length === 0
      await until('everything agrees', agrees).catch(() => undefined)
      await truth(t, killing.base)
    }
    killing.base = await again({ 'greeting.txt': 'after\n' })
    t.equal((await project.push(receiver, 'main', { name })).code, 0)
    await truth(t, killing.base)
  })

  await t.test('what fails after the commit gets no verdict, and the next push finishes it first', async (t) => {
    const late = await makeQuickProject(t)
    const pushed = await late.push(receiver, 'main', { name: 'acme/late' })
    t.not(pushed.code, 0)
    t.notMatch(pushed.stderr, /\(.*; log d\d+\)/, 'no reason is named: it is no refusal')
    t.match(pushed.stderr, /live, but not finished/)
    const [row] = record(receiver, "SELECT * FROM deploy WHERE project = 'acme/late'")
    t.equal(row?.stage, 'committed')
    await receiver.restart({ faults: 'S6@acme/late=throw' })
    const first = await late.git('rev-parse', 'HEAD')
    t.same(await agree(receiver, 'acme/late', 'main', { live: first, branch: first }), [], 'the next start finishes it')
    t.same(leftByCrash(receiver), [])
    await late.commit('second', { 'greeting.txt': 'second\n' })
    t.not((await late.push(receiver, 'main', { name: 'acme/late' })).code, 0)
    await receiver.restart()
    const third = await late.commit('third', { 'greeting.txt': 'third\n' })
    t.equal((await late.push(receiver, 'main', { name: 'acme/late' })).code, 0)
    t.same(await agree(receiver, 'acme/late', 'main', { live: third, branch: third }), [])
  })

  const endless: [string, Files, () => boolean][] = [
    ['a build', slow, () => ours(/sleep 300/).length > 0],
    ['activate', { 'activate.sh': 'sleep 300\n' }, () => last().stage === 'switched' && ours(/sleep 300/).length > 0],
    [
      'an evaluation',
      { evaluation: 'slow' },
      () => ours(/nix.* (eval|nix-instantiate)|nix-instantiate/).some(({ pid }) => busy(pid)),
    ],
  ]
  for (const [what, files, begun] of endless)
    await t.test(`the children of ${what} die with the daemon`, async (t) => {
      await again(files)
      const pids = lasting(receiver, user)
      t.ok(pids.length > 2)
      const pushing = project.push(receiver, 'main', { name })
      await until(`${what} runs`, begun)
      await receiver.kill9()
      await until(
        'none of its processes is left',
        () => strays(receiver).filter(({ command }) => !/^(git|ssh|bwrap .*s6-svscan)/.test(command)).length === 0,
      )
      t.not((await pushing).code, 0)
      await receiver.restart()
      if (what !== 'activate') t.same(gone(receiver, user, pids), [], 'services went on')
      t.equal(last().reason, 'interrupted: the receiver was stopped; push again')
      await truth(t, killing.base)
      t.same(leftByCrash(receiver), [])
    })

  await t.test('after a reboot live environments run again', async (t) => {
    await receiver.kill9()
    for (const pid of processes()
      .filter(({ command }) => command.includes('s6-svscan') && command.includes(receiver.runtimeDir))
      .flatMap(({ pid }) => descendants(pid, processes())))
      end(pid)
    await until('nothing runs', () => tree(receiver, user).length === 0)
    rmSync(receiver.runtimeDir, { recursive: true })
    await receiver.restart()
    await truth(t, killing.base)
    t.ok(existsSync(join(receiver.runtimeDir, 'user', user)))
    t.same(leftByCrash(receiver), [])
  })
})

function busy(pid: number): boolean {
  return processes().some((one) => one.pid === pid)
}
