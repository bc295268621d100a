// Commands that are run to their end, however they end.
import t from 'tap'
import { mustRun, run } from '../../../src/lib/spawn.ts'

const env = { PATH: '/usr/bin:/bin' }
const sh = (script: string) => ({ argv: ['sh', '-c', script] as const, env })
const command = (script: string) => ({ ...sh(script), argv: ['sh', '-c', script] as [string, ...string[]] })

t.test('a command that fails is told, not thrown', async (t) => {
  const told: string[] = []
  const ran = await run(command('echo out; echo err >&2; exit 3'), { onStdout: (line) => void told.push(line) })
  t.match(ran, { code: 3, signal: null, stdout: 'out', stderr: 'err', timedOut: false, cancelled: false })
  t.same(told, ['out'])
  await t.rejects(mustRun(command('echo why >&2; exit 3')), { message: /exited 3: why$/ })
  await t.rejects(run({ argv: ['no-such-program'], env }), { message: /cannot start no-such-program/ })
})

t.test('its input is what it is given, and otherwise nothing', async (t) => {
  t.equal((await run({ ...command('cat'), input: 'text' })).stdout, 'text')
  t.equal((await run(command('cat'))).stdout, '')
})

t.test('a time limit and a cancellation end all of its process group at once', async (t) => {
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 200)
  for (const [options, why] of [
    [{ timeout: 200 }, { timedOut: true, cancelled: false }],
    [{ signal: controller.signal }, { timedOut: false, cancelled: true }],
    [{ signal: AbortSignal.abort() }, { timedOut: false, cancelled: true }],
  ] as const) {
    const ran = await run(command('sleep 60 & sleep 60'), options)
    t.match(ran, { code: null, signal: 'SIGKILL', ...why })
    t.ok(ran.duration < 10_000, 'the child that held its output is gone too')
  }
})

// ATTACK: leave a process of another session behind that keeps the output open.
t.test('output that somebody else keeps open is not waited for', async (t) => {
  const ran = await run(command('setsid sleep 20 & echo done'))
  t.match(ran, { code: 0, stdout: 'done' })
  t.ok(ran.duration < 15_000)
})
