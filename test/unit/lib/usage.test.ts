// What a group of processes uses is the sum of it, measured on real ones.
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { descendants, end, processes } from '../../../src/lib/proc.ts'
import { accounts, environmentSandbox, sandboxHost } from '../../../src/lib/sandbox.ts'
import { boundedRuns, run, start } from '../../../src/lib/spawn.ts'
import { overuse } from '../../../src/lib/usage.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

const MIB = 1024 ** 2
const env = { PATH: process.env.PATH ?? '' }
const memory = (most: number) => ({
  processes: { most: 100, setting: 'environmentProcesses' },
  memory: { most: most * MIB, setting: 'environmentMemory' },
})

/** Starts a command that writes a line once it is where it should be; answers all its processes. */
async function group(t: Test, argv: readonly [string, ...string[]]): Promise<number[]> {
  const child = start({ argv, env }, ['ignore', 'pipe', 'ignore'], { detached: true })
  t.teardown(() => end(-(child.pid ?? 0)))
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  return descendants(child.pid ?? 0, processes())
}

t.test('as many processes as allowed are allowed, and one more is not', async (t) => {
  const pids = await group(t, ['sh', '-c', 'sleep 60 & sleep 60 & echo here; wait'])
  const most = (count: number) => ({ processes: { most: count, setting: 'environmentProcesses' } })
  t.equal(pids.length, 3)
  t.equal(overuse(pids, most(3)), null)
  t.equal(overuse(pids, most(2)), '3 processes ran at once; at most 2 may (limits.environmentProcesses)')
})

const holds = (mebibytes: number) =>
  `const held = Buffer.alloc(${mebibytes} * 1024 ** 2, 1); console.log('here'); setInterval(() => held.length, 1000)`

t.test('the memory of all counts, and what is only reserved does not', async (t) => {
  const script = `node -e "$1" & node -e "$1" | { read first; echo "$first"; wait; }`
  const pids = await group(t, ['sh', '-c', script, 'sh', holds(100)])
  for (const until = Date.now() + 20_000; overuse(pids, memory(200)) === null && Date.now() < until; ) await sleep(50)
  t.match(
    overuse(pids, memory(200)),
    /^\d+ MiB of memory were in use; at most 200 MiB may be \(limits\.environmentMemory\)$/,
  )
  t.equal(overuse(pids, memory(600)), null)
})

t.test('pages that processes share count once', async (t) => {
  // A child of fork(2) has what its parent had, until one of them writes to it.
  const script = `use strict; my $held = "x" x (100 * 1024 ** 2); for (1 .. 4) { if (!fork) { sleep 60; exit } } $| = 1; print "here\\n"; sleep 60`
  const pids = await group(t, ['perl', '-e', script])
  t.equal(pids.length, 5)
  t.equal(overuse(pids, memory(300)), null)
  t.match(overuse(pids, memory(90)), /of memory/)
})

t.test('memory that is made to be shared counts, once', async (t) => {
  // mmap(2) with MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE; each child asks for all of it with MADV_POPULATE_READ.
  const [mmap, madvise] = process.arch === 'arm64' ? [222, 233] : [9, 28]
  const script = `use strict; my $size = 100 * 1024 ** 2; my $at = syscall(${mmap}, 0, $size, 3, 0x8021, -1, 0);
    for (1 .. 4) { pipe(my $in, my $out); if (!fork) { syscall(${madvise}, $at, $size, 22); close $out; sleep 60; exit } close $out; <$in> }
    $| = 1; print "here\\n"; sleep 60`
  const pids = await group(t, ['perl', '-e', script])
  t.equal(pids.length, 5)
  const resident = pids.map((pid) => /^RssShmem:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  t.ok(
    resident.every((kibibytes) => Number(kibibytes) >= 100 * 1024),
    resident.join(' '),
  )
  t.equal(overuse(pids, memory(150)), null)
  t.match(overuse(pids, memory(90)), /of memory/)
})

t.test('files in the memory of a sandbox count', async (t) => {
  const directory = tempDir(t)
  mkdirSync(join(directory, 'store'))
  writeFileSync(join(directory, 'passwd'), accounts.passwd)
  writeFileSync(join(directory, 'group'), accounts.group)
  const sandbox = environmentSandbox({
    ...{ host: sandboxHost(directory, []), storeDir: join(directory, 'store'), directories: [], chdir: '/' },
    limits: { processes: 100, memory: 1024 * MIB },
    dieWithParent: true,
  })
  const fills =
    'head -c 100000000 /dev/zero > /tmp/file; head -c 100000000 /dev/zero > /dev/shm/file; echo here; sleep 60'
  const pids = await group(t, [...sandbox, 'sh', '-c', fills] as unknown as [string])
  t.match(overuse(pids, memory(180)), /^19\d MiB of memory/)
  t.equal(overuse(pids, memory(300)), null)
})

t.test('a command that is over its bounds is ended with all that it started, and says which', async (t) => {
  const file = join(tempDir(t), 'held')
  closeSync(openSync(file, 'w'))
  const bounds = { processes: { most: 3, setting: 'environmentProcesses' } }
  const ran = run({ argv: ['sh', '-c', `tail -f ${file} & tail -f ${file} & wait`], env }, { bounds, timeout: 30_000 })
  while (boundedRuns().length === 0) await sleep(5)
  const [running] = boundedRuns()
  t.match(running, { bounds })
  running?.end('that was too much')
  t.match(await ran, { code: null, signal: 'SIGKILL', over: 'that was too much', timedOut: false, cancelled: false })
  t.strictSame(boundedRuns(), [])
  t.notOk(processes().some(({ command }) => command.includes(file)))
})
