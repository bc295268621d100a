// What an environment may use of the kernel: so many processes, so much memory each. Beyond that the call fails, nothing else.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { accounts, environmentSandbox, sandboxHost } from '../../src/lib/sandbox.ts'
import { run } from '../../src/lib/spawn.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const directory = tempDir(t)
chmodSync(directory, 0o755)
mkdirSync(join(directory, 'store'))
writeFileSync(join(directory, 'passwd'), accounts.passwd)
writeFileSync(join(directory, 'group'), accounts.group)

/** Runs a shell line as an environment of a receiver that is not root. */
function within(limits: { processes: number; memory: number }, line: string) {
  const sandbox = environmentSandbox({
    ...{ host: sandboxHost(directory, []), storeDir: join(directory, 'store'), directories: [], chdir: '/', limits },
    dieWithParent: true,
  })
  const plain = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : []
  return run({
    argv: [...plain, ...sandbox, 'sh', '-c', line] as unknown as [string],
    env: { PATH: '/usr/sbin:/usr/bin:/bin' },
  })
}

// bwrap's own process and the shell count, too.
const start = (count: number) => `i=0; while [ $i -lt ${count} ]; do sleep 5 & i=$((i+1)); done; echo started; exit 0`

t.test('processes', async (t) => {
  const limits = { processes: 20, memory: 2 ** 30 }
  t.match(await within(limits, start(15)), { code: 0, stdout: 'started' })
  const many = await within(limits, start(20))
  t.not(many.code, 0)
  t.match(many.stderr, /fork/i, many.stderr)
  t.match(
    await within({ ...limits, processes: 30 }, start(20)),
    { code: 0, stdout: 'started' },
    'the same with a higher limit',
  )
})

t.test('memory', async (t) => {
  const take = (mebibytes: number) => `head -c ${mebibytes * 1024 ** 2} /dev/zero | tail -n 1 | wc -c`
  const limits = { processes: 100, memory: 64 * 1024 ** 2 }
  t.match(await within(limits, take(16)), { stdout: String(16 * 1024 ** 2) })
  const much = await within(limits, take(200))
  t.match(much.stderr, /memory exhausted|cannot allocate/i, much.stderr)
})
