// What a deploy that does not become live leaves behind, however it ended: nothing. And an undo that is disturbed succeeds all the same.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { end, processes } from '../../src/lib/proc.ts'
import { start } from '../../src/lib/spawn.ts'
import { leftByCrash, until } from '../helpers/agree.ts'
import { makeKilling, slow } from '../helpers/killing.ts'
import { path } from '../helpers/programs.ts'
import { startReceiver } from '../helpers/receiver.ts'

t.test('a deploy that does not become live', async (t) => {
  const receiver = await startReceiver(t)
  const killing = await makeKilling(t, receiver)
  const { name, project, user, last, isBuilding, ours, kill, truth, again } = killing

  await t.test('a build whose pusher hangs up leaves nothing in the store either', async (t) => {
    await again(slow)
    const pushing = project.push(receiver, 'main', { name })
    await until('it builds', () => isBuilding() && ours(/sleep 300/).length > 0)
    for (const { pid, command } of processes()) if (/^ssh\0.*acme\/killed/.test(command)) end(pid)
    t.not((await pushing).code, 0)
    await until('the build is cancelled', () => last().stage === 'failed')
    await truth(t, killing.base)
    t.same(leftByCrash(receiver), [])
  })

  await t.test('a deploy that fails after its switch keeps no build', async (t) => {
    await again({ 'activate.sh': 'exit 3\n', 'greeting.txt': 'fails\n' })
    t.match((await project.push(receiver, 'main', { name })).stderr, /activate failed: exit 3/)
    t.same(leftByCrash(receiver), [], 'no generation of it is left')
    await truth(t, killing.base)
  })

  await t.test('an undo that is killed in the middle is done again', async (t) => {
    const once = 'if [ -e "$HOSTENV_STATE_DIR/trip" ]; then rm "$HOSTENV_STATE_DIR/trip"; kill -9 $$; fi\n'
    killing.base = await again({ 'activate.sh': once })
    t.equal((await project.push(receiver, 'main', { name })).code, 0)
    await again({ 'activate.sh': 'touch "$HOSTENV_STATE_DIR/trip"; exit 3\n' })
    t.match((await project.push(receiver, 'main', { name })).stderr, /activate failed: exit 3/)
    await truth(t, killing.base)
  })

  await t.test('what a killed `activate` leaves with its lock does not hold up the undo', async (t) => {
    await again({ 'activate.sh': 'sleep 3.21; exit 3\n', 'greeting.txt': 'holds\n' })
    const pushing = project.push(receiver, 'main', { name })
    await until('it activates', () => ours(/^sleep 3\.21/).length > 0)
    // Gets the lock before the undo asks for it.
    const lock = join(receiver.stateDir, 'env', user, 'activate.lock')
    const holder = start({ argv: ['flock', '--no-fork', lock, 'sleep', '300'], env: { PATH: path } }, ['ignore'])
    t.teardown(() => holder.kill('SIGKILL'))
    t.match((await pushing).stderr, /activate failed: exit 3/)
    await truth(t, killing.base)
    t.same(leftByCrash(receiver), [])
  })

  await t.test('nix while it evaluates: no lock of a path that it was adding is left', async (t) => {
    await again({ evaluation: 'slow' })
    const pushing = project.push(receiver, 'main', { name })
    await until('it evaluates', () => ours(/^nix(-instantiate| .* eval)/).length > 0)
    // As it is when it is killed while it adds a file.
    writeFileSync(join(receiver.stateDir, 'nix/nix/store', `${'a'.repeat(32)}-half.lock`), '')
    // One that is killed while it tells of every environment is followed by one that tells of this alone.
    const killer = setInterval(() => kill(/^nix(-instantiate| .* eval)/), 50)
    const pushed = await pushing.finally(() => clearInterval(killer))
    t.match(pushed.stderr, /remote rejected\] main -> main \(evaluation failed/)
    t.same(leftByCrash(receiver), [])
    await truth(t, killing.base)
  })
})
