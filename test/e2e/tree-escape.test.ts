// ATTACK: a service makes the program that supervises it become another one, which has another name and other mounts, and waits for the
// receiver to work in its directories.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { processes } from '../../src/lib/proc.ts'
import { until } from '../helpers/agree.ts'
import { webModule } from '../helpers/module.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { factsOf } from '../helpers/standing.ts'

const receiver = await startReceiver(t, {
  faults: '',
  env: { HOSTENV_OVERRIDES: JSON.stringify({ limits: { treeCheckInterval: 500 } }) },
})
const hidden = () => processes().filter(({ command }) => command.startsWith('sleep\0') && command.includes('76543'))
t.teardown(() => {
  for (const { pid } of hidden()) process.kill(pid, 'SIGKILL')
})

// What the supervisor becomes: with a root of its own, in which the environment's directories are elsewhere. The file, opened
// before, says that it came so far.
const finish = `#!/bin/sh
exec 3>$HOSTENV_DATA_DIR/became
exec unshare -U -m --keep-caps /bin/sh -c '
  new=$HOSTENV_CACHE_DIR/new; mkdir -p $new; mount --bind $new $new; cd $new; mkdir old usr bin lib lib64
  for folder in usr bin lib lib64; do mount --rbind /$folder $folder; done
  /usr/sbin/pivot_root . old && cd / && echo yes >&3; exec sleep 76543'
`
const server = `{
const fs = require('node:fs'), { execFileSync } = require('node:child_process')
const s6 = process.env.HOSTENV_RUNTIME_DIR + '/s6', word = process.env.HOSTENV_DATA_DIR + '/go'
// Once: what is started again behaves.
const waiting = setInterval(() => {
  if (!fs.existsSync(word)) return
  clearInterval(waiting)
  fs.rmSync(word)
  fs.writeFileSync(s6 + '/scan/.s6-svscan/finish', ${JSON.stringify(finish)}, { mode: 0o755 })
  execFileSync('s6-svscanctl', ['-t', s6 + '/scan'])
}, 20)
}
`
const project = await makeProject(t, 'hello-web', {
  '.hostenv/hostenv.nix': webModule({ main: 'type = "testing"; deploymentVerification.upFor = 0;' }),
})
const own = readFileSync(join(project.directory, 'server.js'), 'utf8')

t.test('it is ended before its tree is started anew, and nothing outside is touched', async (t) => {
  const outside = join(receiver.directory, 'outside')
  writeFileSync(outside, 'kept')
  await project.commit('Escapes', { 'server.js': server + own })
  const pushed = await project.push(receiver, 'main')
  t.equal(pushed.code, 0, pushed.stderr)
  const data = join(receiver.stateDir, 'env', factsOf('main', 'acme/hello-web').userName, 'data')
  const became = join(data, 'became')
  // The receiver looks when it is done, not meanwhile.
  process.kill(receiver.pid, 'SIGSTOP')
  try {
    writeFileSync(join(data, 'go'), '')
    await until(
      'the supervisor is another program',
      () => existsSync(became) && readFileSync(became, 'utf8') === 'yes\n' && hidden().length > 0,
    )
  } finally {
    process.kill(receiver.pid, 'SIGCONT')
  }
  await until('it is ended', () => hidden().length === 0)
  await until('its services run again', () =>
    processes().some(({ command }) => command.includes('s6-svscan') && command.includes(receiver.runtimeDir)),
  )
  t.ok(existsSync(outside))
  const paused = await receiver.ssh('pause', 'main')
  t.equal(paused.code, 0, paused.stderr)
  t.strictSame(hidden(), [])
})
