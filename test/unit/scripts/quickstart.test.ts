// The quickstart as a newcomer runs it, to its end: what it shows is true, and nothing is left of it.
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { run, start } from '../../../src/lib/spawn.ts'
import { leftovers, look } from '../../helpers/leftovers.ts'
import { cleanEnv, exactly, root } from '../../helpers/programs.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

function place(t: Parameters<typeof tempDir>[0]) {
  const directory = tempDir(t, 'q')
  const [home, temp] = [join(directory, 'h'), join(directory, 't')]
  for (const made of [home, temp]) mkdirSync(made)
  return { home, temp, env: { ...cleanEnv(home), TMPDIR: temp } }
}

const script = join(root, 'scripts/quickstart.ts')

t.test(
  'npm run quickstart -- --exit shows three pushes, their pages and the record, and removes everything',
  async (t) => {
    const { home, temp, env } = place(t)
    const before = look()
    const ran = await run(exactly(['node', script, '--exit'], env))
    t.equal(ran.code, 0, 'exits 0', { said: ran.stdout, git: ran.stderr })
    const [, main = '', staging = '', broken = '', asked = ''] = ran.stdout.split(/^== (?:Push|Ask).*$/m)
    t.match(main, /curl http:\/\/[a-z]+-main-[0-9a-f]{7}\.localhost:\d+\nHello from hostenv\nmain, release 1/)
    t.match(staging, /Hello from staging\nstaging, release 1/)
    t.match(broken, /git exited 1: refused.*Hello from hostenv\nmain, release 1/s)
    t.match(asked, /main.*live.*staging.*live/s)
    t.match(ran.stderr, /\[remote rejected\] main -> main \(build failed/)
    t.same(await leftovers(before, temp), [])
    t.same(readdirSync(home), [], 'nothing in the home directory')
  },
)

t.test('an interrupt at any time removes everything', async (t) => {
  for (const delay of [0, 1000, 3000]) {
    const { home, temp, env } = place(t)
    const before = look()
    const child = start(exactly(['node', script], env), ['ignore', 'pipe', 'ignore'])
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    await new Promise((resolve) => child.stdout?.once('data', resolve))
    child.stdout?.resume()
    await sleep(delay)
    child.kill('SIGINT')
    t.equal(await ended, 0, `${delay} ms after its first words`)
    t.same(await leftovers(before, temp), [])
    t.same(readdirSync(home), [])
  }
})

t.test('anything but --exit is answered with the usage', async (t) => {
  const { env } = place(t)
  t.match(await run(exactly(['node', script, '--help'], env)), { code: 2, stderr: /usage: npm run quickstart/ })
})
