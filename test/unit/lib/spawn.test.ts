// Commands that are run to their end, however they end.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { launch, openLauncher } from '../../../src/lib/launch.ts'
import { commandOf, descendants, end, processes } from '../../../src/lib/proc.ts'
import { mustRun, run, start } from '../../../src/lib/spawn.ts'
import { path, root } from '../../helpers/programs.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

const env = { PATH: '/usr/bin:/bin' }
const sh = (script: string) => ({ argv: ['sh', '-c', script] as const, env })
const command = (script: string) => ({ ...sh(script), argv: ['sh', '-c', script] as [string, ...string[]] })

async function commands(t: Test) {
  await t.test('a command that fails is told, not thrown', async (t) => {
    const told: string[] = []
    const ran = await run(command('echo out; echo err >&2; exit 3'), { onStdout: (line) => void told.push(line) })
    t.match(ran, { code: 3, signal: null, stdout: 'out', stderr: 'err', timedOut: false, cancelled: false })
    t.same(told, ['out'])
    await t.rejects(mustRun(command('echo why >&2; exit 3')), { message: /exited 3: why$/ })
    await t.rejects(run({ argv: ['no-such-program'], env }), { message: /cannot start no-such-program/ })
  })

  await t.test('its input is what it is given, and otherwise nothing', async (t) => {
    t.equal((await run({ ...command('cat'), input: 'text' })).stdout, 'text')
    t.equal((await run(command('cat'))).stdout, '')
  })

  await t.test(
    'one that waits for its input has its time from then on, and ends where there is to be none',
    async (t) => {
      const later = sleep(1500).then(() => 'text')
      const ran = await run({ ...command('cat; sleep 0.2; echo done'), input: later }, { timeout: 1400 })
      t.match(ran, { code: 0, stdout: 'textdone', timedOut: false })
      t.ok(ran.duration < 1400, `${ran.duration} ms`)
      t.match(await run({ ...command('sleep 60'), input: later }, { timeout: 50 }), { timedOut: true })
      const waits = command('echo here; cat; sleep 60')
      const none = Promise.withResolvers<string>()
      const refused = run(
        { ...waits, input: none.promise },
        { onStdout: () => none.reject(new Error('there is nothing to read')) },
      )
      await t.rejects(refused, { message: 'there is nothing to read' })
      await t.rejects(run({ ...waits, input: none.promise }), { message: 'there is nothing to read' })
      const never = AbortSignal.timeout(50)
      t.match(await run({ ...waits, input: new Promise(() => undefined) }, { signal: never }), { cancelled: true })
    },
  )

  await t.test('input that comes in pieces is asked for as it is read, and no further', async (t) => {
    let asked = 0
    let ended = 0
    async function* pieces(most: number, then?: Error) {
      try {
        for (asked = 0; asked < most; asked++) yield Buffer.alloc(64 * 1024, 'x')
        if (then) throw then
      } finally {
        ended++
      }
    }
    const all = await run({ ...command('wc -c'), input: pieces(100) })
    t.match(all, { code: 0, stdout: String(100 * 64 * 1024) })
    t.match(await run({ ...command('head -c 10; exit 3'), input: pieces(100_000) }), {
      code: 3,
      stdout: 'x'.repeat(10),
    })
    t.ok(asked < 100, `${asked} pieces for who reads ten bytes`)
    await t.rejects(run({ ...command('cat; sleep 60'), input: pieces(3, new Error('no more')) }), {
      message: 'no more',
    })
    t.equal(ended, 3, 'each is closed')
  })

  await t.test('a time limit and a cancellation end all of its process group at once', async (t) => {
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

  await t.test('whoever is killed takes along what it started', async (t) => {
    const began = performance.now()
    const { signal, stdout } = await run(command('sleep 60 & echo $!; kill -KILL $$'))
    t.equal(signal, 'SIGKILL')
    t.ok(performance.now() - began < 1500, 'nobody holds its output')
    // Whoever inherits it has to hear of its end.
    while (processes().some(({ pid }) => pid === Number(stdout))) await sleep(10)
  })

  // ATTACK: leave a process of another session behind that keeps the output open.
  await t.test('output that somebody else keeps open is not waited for', async (t) => {
    const ran = await run(command('setsid sleep 20 & echo done'))
    t.match(ran, { code: 0, stdout: 'done' })
    t.ok(ran.duration < 15_000)
  })
}

t.test('started from this process', commands)

t.test('started by a launcher', async (t) => {
  const directory = tempDir(t, 'l')
  await using _launcher = await openLauncher(join(directory, 'launch.sock'))
  await commands(t)
  const all = processes()
  const own = (word: string) => descendants(process.pid, all).filter((pid) => commandOf(pid)?.includes(word))
  t.equal(own('launcher').length, 1)

  await t.test('many at once each get their own input and output, to the last byte', async (t) => {
    const texts = Array.from({ length: 40 }, (_, n) => `${n} `.repeat(20_000))
    const answers = await Promise.all(texts.map((input) => run({ ...command('cat'), input })))
    t.ok(answers.every(({ stdout, code }, n) => code === 0 && stdout === texts[n]))
  })

  await t.test('a process says when it has ended, whatever is read of it', async (t) => {
    const child = await launch({
      ...command('read -r line; echo "$line"; exit 7'),
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: false,
    })
    t.match(processes().find(({ pid }) => pid === child.pid)?.command, 'read -r line')
    const closed = new Promise((resolve) => child.once('close', (code, signal) => resolve([code, signal])))
    child.stdin?.write('x\n')
    t.same(await closed, [7, null])
  })

  // ATTACK: take the pipes of somebody else's process.
  await t.test('nobody else gets the pipes of a process', async (t) => {
    const { connect } = await import('node:net')
    const stranger = connect(join(directory, 'launch.sock'))
    stranger.write(`${'0'.repeat(32)}000000010\n`)
    await new Promise((resolve) => stranger.once('close', resolve))
    t.equal((await run(command('echo here'))).stdout, 'here')
  })

  await t.test('a launcher that is killed is replaced, and who waited is told', async (t) => {
    const waiting = run(command('sleep 60'))
    await sleep(200)
    for (const pid of own('launcher')) end(pid)
    t.match(await waiting, { code: null, signal: 'SIGKILL' })
    for (let tries = 0; tries < 50; tries++) {
      const ran = await run(command('echo again')).catch(() => null)
      if (ran !== null) return t.equal(ran.stdout, 'again')
      await sleep(100)
    }
    t.fail('no launcher came')
  })
})

t.test('a launcher ends with who opened it, and leaves nothing', async (t) => {
  const directory = tempDir(t, 'l')
  const launcher = await openLauncher(join(directory, 'launch.sock'))
  t.equal((await run(command('echo one'))).stdout, 'one')
  await launcher[Symbol.asyncDispose]()
  t.same(readdirSync(directory), [])
  t.equal((await run(command('echo two'))).stdout, 'two', 'and processes are started from here again')
})

t.test('what a launcher started ends with who opened it, however new it is', async (t) => {
  const directory = tempDir(t, 'l')
  const word = `word-${process.pid}-${Date.now()}`
  const left = () => processes().filter(({ command }) => command.includes(word))
  for (let tries = 0; tries < 12; tries++) {
    const argv = [process.execPath, join(root, 'test/helpers/opens-a-launcher.ts'), directory, word] as const
    const opener = start({ argv: [...argv], env: { PATH: path } }, ['ignore', 'pipe', 2])
    await new Promise((resolve) => opener.stdout?.once('data', resolve))
    // Its sandbox is not there yet, is being made, or runs.
    await sleep(tries * 10)
    opener.kill('SIGKILL')
    for (let looks = 0; looks < 500 && left().length > 0; looks++) await sleep(20)
    t.same(left(), [], `killed after ${tries * 10} ms`)
  }
})
