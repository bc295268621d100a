// The full disks themselves, run by full-disk.ts in a mount namespace: `SEED [PATTERN]`, which names the cases. Prints what it found as
// JSON in its last line.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { mustRun } from '../../src/lib/spawn.ts'
import { agree, leftByCrash, record, refOf, until, userName } from '../../test/helpers/agree.ts'
import { get } from '../../test/helpers/http.ts'
import { cleanEnv } from '../../test/helpers/programs.ts'
import type { Files, Project, Pushed } from '../../test/helpers/project.ts'
import { makeQuickProject } from '../../test/helpers/quick-project.ts'
import { type Receiver, startReceiver } from '../../test/helpers/receiver.ts'
import type { Ending } from '../../test/helpers/temp-dir.ts'
import { benchEnding } from '../ending.ts'
import { random } from './random.ts'
import type { Found } from './report.ts'
import { type SmallDisk, smallDisk } from './small-disk.ts'

const name = 'acme/one'
const MIB = 1024 ** 2
const limits = { freeDiskBytes: 0, pushesPerMinute: 100_000, treeCheckInterval: 300 }
const chance = random(Number(process.argv[2] ?? 1))
const overrides = (more: object = {}) => ({ HOSTENV_OVERRIDES: JSON.stringify({ limits: { ...limits, ...more } }) })
const noise = (bytes: number) =>
  Buffer.from(
    Array.from({ length: bytes / 4096 }, () => chance.whole(0, 2 ** 31))
      .join('\n')
      .repeat(400),
  )
    .toString()
    .slice(0, bytes)

interface Case {
  /** The directory that is full, below the state directory; '' is that itself. */
  readonly disk: '' | 'repos/acme/one.git' | 'log'
  readonly what: string
  /** Bytes left. */
  readonly left: number
  /** The step at which it fills up; null: before the push begins. */
  readonly at: string | null
  readonly files?: Files
  readonly limits?: object
}

const steps = ['S0', 'S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7']
const cases: readonly Case[] = [
  {
    disk: '',
    what: 'less is left than a push has to find',
    left: 20 * MIB,
    at: null,
    limits: { freeDiskBytes: 30 * MIB },
  },
  { disk: '', what: 'nothing is left', left: 0, at: null },
  { disk: '', what: 'a page is left', left: 4096, at: null },
  { disk: '', what: 'the pack does not fit', left: MIB, at: null, files: { 'big.txt': noise(4 * MIB) } },
  {
    ...{ disk: '', what: 'what is built does not fit', left: 2 * MIB, at: null },
    files: { 'build.sh': 'head -c 9000000 /dev/zero > $out\n' },
  },
  {
    ...{ disk: '', what: '`activate` fills it', left: 2 * MIB, at: null },
    files: { 'activate.sh': 'head -c 9000000 /dev/zero > "$HOSTENV_DATA_DIR/big"\n' },
  },
  ...steps.map((at) => ({ disk: '' as const, what: `full from ${at} on`, left: 0, at })),
  ...steps.map((at) => ({ disk: 'repos/acme/one.git' as const, what: `full from ${at} on`, left: 0, at })),
  { disk: 'repos/acme/one.git', what: 'nothing is left', left: 0, at: null },
  {
    disk: 'repos/acme/one.git',
    what: 'the pack does not fit',
    left: MIB,
    at: null,
    files: { 'big.txt': noise(4 * MIB) },
  },
  { disk: 'log', what: 'nothing is left', left: 0, at: null },
  ...steps.map((at) => ({ disk: 'log' as const, what: `full from ${at} on`, left: 0, at })),
]

await using ending = benchEnding()
const found: Found[] = []
const only = new RegExp(process.argv[3] ?? '')
for (const disk of ['', 'repos/acme/one.git', 'log'] as const) {
  const some = cases.filter((one) => one.disk === disk && only.test(`${one.disk}: ${one.what}`))
  if (some.length > 0) found.push(...(await withDisk(ending, disk, some)))
}
console.log(JSON.stringify(found))

async function withDisk(ending: Ending, where: Case['disk'], some: readonly Case[]): Promise<Found[]> {
  const later: (() => unknown)[] = []
  let disk: SmallDisk | undefined
  const own: Ending = { teardown: (what) => later.push(what) }
  const receiver = await startReceiver(own, {
    ...{ faults: '', env: overrides() },
    before: async ({ stateDir }) => {
      if (where === '') disk = await smallDisk(stateDir, 200 * MIB)
    },
  })
  // The first to be registered removes the directory, the others end what runs in it.
  later.splice(1, 0, () => disk?.unmount())
  ending.teardown(async () => {
    for (const what of later.toReversed()) await what()
  })
  const project = await makeQuickProject(ending)
  const first = await project.push(receiver, 'main', { name })
  if (first.code !== 0) throw new Error(first.stderr)
  if (where !== '') {
    await receiver.stop()
    disk = await smallDisk(join(receiver.stateDir, where), 30 * MIB)
  }
  if (disk === undefined) throw new Error('there is no small disk')
  const found: Found[] = []
  for (const one of some) {
    const wrong = await fullOnce(receiver, project, disk, one).catch((error: Error) => [error.message])
    const place = one.disk === '' ? 'the state' : one.disk === 'log' ? 'the logs' : 'the repository'
    found.push({ what: `the disk of ${place}: ${one.what}`, wrong })
    console.error(found.at(-1))
  }
  return found
}

async function fullOnce(receiver: Receiver, project: Project, disk: SmallDisk, one: Case): Promise<string[]> {
  const faults = one.at === null ? '' : `${one.at}@${name}=sleep:2000`
  await receiver.restart({ faults, env: overrides(one.limits) })
  const before = await refOf(receiver, name, 'refs/heads/main')
  await project.git('reset', '-q', '--hard', before ?? 'main')
  const commit = await project.commit('A change', { 'greeting.txt': `${chance.whole(0, 1e9)}\n`, ...one.files })
  const { pid } = receiver
  const from = receiver.log().length
  if (one.at === null) disk.fill(one.left)
  const pushing = project.push(receiver, 'main', { name })
  if (one.at !== null) {
    await until(`${one.at} is reached`, () => receiver.log().slice(from).includes(`fault ${one.at} `), 60)
    disk.fill(one.left)
  }
  const pushed = await Promise.race([pushing, sleep(120_000, null, { ref: false }).then(() => null)])
  if (pushed === null) return ['the push did not end within two minutes']
  const wrong = told(pushed, one)

  // While it is full: what is live serves.
  const user = userName(receiver, name, 'main')
  const live = record(receiver, 'SELECT live FROM environment WHERE project = ? AND key = ?', name, 'main')[0]?.live
  const answer = await get(receiver.httpPort, `${user}.localhost`).catch(() => null)
  if (!answer?.body.includes(`release ${live}`))
    wrong.push(
      `while it is full, ${user} does not serve release ${live}: ${answer?.status} ${answer?.body.slice(0, 80)}`,
    )
  if (receiver.pid !== pid || !alive(pid)) wrong.push('the daemon has ended')

  disk.empty()
  await until('no deploy is under way', () => open(receiver) === 0, 30).catch((error: Error) =>
    wrong.push(error.message),
  )
  const branch = await refOf(receiver, name, 'refs/heads/main')
  if (pushed.code === 0 && branch !== commit) wrong.push(`reported ok, but main is ${branch}`)
  wrong.push(...(await settled(() => agree(receiver, name, 'main', { live: branch, branch }))))
  await project.commit('With room', { 'activate.sh': ':\n', 'build.sh': 'echo page > $out\n', 'big.txt': null })
  const after = await project.push(receiver, 'main', { name })
  const now = await project.git('rev-parse', 'HEAD')
  if (after.code !== 0) wrong.push(`with room again, a push fails: ${after.stderr}`)
  else wrong.push(...(await settled(() => agree(receiver, name, 'main', { live: now, branch: now }))))
  wrong.push(...(await settled(async () => leftByCrash(receiver).map((left) => `left over: ${left}`))))
  return [...wrong, ...(await fsck(receiver))]
}

function told({ code, stderr }: Pushed, one: Case): string[] {
  if (code === 0) return []
  const words = stderr.replace(/\nremote: +/g, ' ')
  if (/disk (of the receiver )?is full|MiB of disk left|No space left on device/i.test(words)) return []
  return [`the pusher does not read that the disk is full (${one.what}): ${stderr}`]
}

async function settled(look: () => Promise<string[]>): Promise<string[]> {
  const deadline = Date.now() + 20_000
  let said = await look()
  while (said.length > 0 && Date.now() < deadline) {
    await sleep(300)
    said = await look()
  }
  return said
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function open(receiver: Receiver): number {
  return record(receiver, "SELECT id FROM deploy WHERE stage NOT IN ('done', 'failed')").length
}

async function fsck(receiver: Receiver): Promise<string[]> {
  const cwd = join(receiver.stateDir, 'repos', `${name}.git`)
  const argv = ['git', 'fsck', '--full', '--no-dangling', '--no-progress'] as [string, ...string[]]
  return await mustRun({ argv, env: cleanEnv(receiver.home), cwd }).then(
    () => [],
    (error: Error) => [`git fsck: ${error.message}`],
  )
}
