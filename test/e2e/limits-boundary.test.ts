// Each limit of a push at its boundary: what is as large as allowed is taken, one more is refused, and the limit is told.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import type { Limits } from '../../src/config/limits.ts'
import { until } from '../helpers/agree.ts'
import { processesOf } from '../helpers/leftovers.ts'
import { quietModule } from '../helpers/module.ts'
import { makeProject } from '../helpers/project.ts'
import { rawPush, wholePack, zero, zeros } from '../helpers/raw-push.ts'
import { startReceiver } from '../helpers/receiver.ts'

const start = (limits: Partial<Limits>) => ({
  ...{ faults: '', env: { HOSTENV_OVERRIDES: JSON.stringify({ limits }) } },
})
const receiver = await startReceiver(t, start({}))
const limited = (limits: Partial<Limits>) => receiver.restart(start(limits))
const keys = ['main', 'a', 'b', 'c']
const module = (script: string) =>
  quietModule(
    Object.fromEntries(keys.map((key) => [key, ''])),
    `activate = "cat \${pkgs.runCommand "page" { } ''${script}''}";`,
  )
const project = await makeProject(t, 'hello-web', {
  '.hostenv/hostenv.nix': module('echo page > $out'),
  noise: randomBytes(70_000).toString('base64'),
})
const head = await project.git('rev-parse', 'HEAD')
const change = (text: string) => project.commit(text, { 'greeting.txt': `${text}\n` })
const flat = (text: string) => text.replace(/\s*\nremote: +/g, ' ').replace(/\s+/g, ' ')

t.test('the bytes of a pack', async (t) => {
  const pack = await wholePack(project)
  const push = () => rawPush(receiver, { commands: [{ old: zero, new: head, ref: 'refs/heads/main' }], pack })
  await limited({ packBytes: pack.length - 1 })
  const refused = await push()
  t.match(flat(refused.words), /This push is larger than \S+ KiB, the most that one may bring \(packBytes\)/)
  t.notMatch(refused.report.join('\n'), /^ok /m)
  await limited({ packBytes: pack.length })
  const taken = await push()
  t.match(taken.report, ['unpack ok', 'ok refs/heads/main'], taken.words)
})

t.test('the memory of a git that takes in a push', async (t) => {
  const MIB = 1024 ** 2
  // Beside the file: what it is made of, and what git itself takes.
  const gitMemory = (200 + 8 + 40) * MIB
  await limited({ gitMemory })
  const push = (times: number) =>
    rawPush(receiver, {
      commands: [{ old: zero, new: head, ref: `refs/heads/${times === 25 ? 'a' : 'b'}` }],
      pack: zeros(8 * MIB, times).pack,
    })
  const refused = await push(31)
  t.match(flat(refused.words), 'git needs more than 248 MiB of memory for a file of this push. Keep large files')
  t.match(flat(refused.words), 'Its operator can raise limits.gitMemory.')
  t.match(refused.report, ['unpack index-pack abnormal exit', 'ng refs/heads/b unpacker error'])
  const taken = await push(25)
  t.match(taken.report, ['unpack ok', 'ok refs/heads/a'], taken.words)
  // Nothing that stays has it from its push.
  const own = () => processesOf(receiver.directory).map(({ pid }) => ({ pid, limits: limitsOf(pid) }))
  const fromPush = new RegExp(`Max data size +${gitMemory} `)
  await until('no process has its limit', () => !own().some(({ limits }) => fromPush.test(limits)))
  t.match(
    own().find(({ pid }) => pid === receiver.pid),
    { limits: /Max data size/ },
    'the receiver was looked at',
  )
})

t.test('the refs of a push', async (t) => {
  await limited({ refsPerPush: 3 })
  const refused = await project.push(
    receiver,
    keys.map((key) => `+HEAD~0:refs/heads/${key}x`),
  )
  t.match(flat(refused.stderr), /this push updates 4 refs; at most 3 are taken/)
  const taken = await project.push(
    receiver,
    ['a', 'b', 'c'].map((key) => `HEAD:refs/heads/${key}`),
  )
  t.equal(taken.code, 0, taken.stderr)
})

t.test('the number and the length of push options', async (t) => {
  await limited({ pushOptions: 2, pushOptionLength: 'force=main'.length })
  await change('options')
  const many = await project.push(receiver, 'main', { options: ['trace', 'color', 'force=main'] })
  t.match(many, { code: 1, stderr: /too many push options: at most 2/ })
  const long = await project.push(receiver, 'main', { options: ['force=main1'] })
  t.match(long, { code: 1, stderr: /longer than 10/ })
  const taken = await project.push(receiver, 'main', { options: ['force=main', 'trace'] })
  t.equal(taken.code, 0, taken.stderr)
})

t.test('the files and folders of a commit, and their bytes', async (t) => {
  await change('files')
  const listed = await project.git('ls-tree', '-r', '-t', '-l', 'HEAD')
  const sizes = listed.split('\n').map((line) => Number(/^\S+ blob \S+ +(\d+)\t/.exec(line)?.[1] ?? 0))
  const treeBytes = sizes.reduce((sum, size) => sum + size, 0)
  await limited({ treeFiles: sizes.length - 1 })
  const many = await project.push(receiver, 'main')
  t.match(many, { code: 1, stderr: new RegExp(`this commit has more than ${sizes.length - 1} files and folders`) })
  await limited({ treeBytes: treeBytes - 1 })
  const large = await project.push(receiver, 'main')
  t.match(large, { code: 1, stderr: /this commit has more than \S+ of files/ })
  await limited({ treeFiles: sizes.length, treeBytes })
  const taken = await project.push(receiver, 'main')
  t.equal(taken.code, 0, taken.stderr)
})

t.test('the pushes of one user in a minute', async (t) => {
  await limited({ pushesPerMinute: 3 })
  const push = async () => flat((await project.push(receiver, 'main:refs/heads/nowhere')).stderr)
  // Taken and looked at: the reason is another one.
  for (const n of [1, 2, 3]) t.match(await push(), /no environment for nowhere/, `push ${n}`)
  t.match(await push(), /you push too often: at most 3 pushes a minute are taken/)
})

t.test('the log of a build', async (t) => {
  const most = 8192
  await limited({ derivationLogBytes: most })
  const says = (bytes: number) =>
    project.commit(`${bytes}`, {
      '.hostenv/hostenv.nix': module(`head -c ${bytes} /dev/zero | tr '\\0' x; echo page > $out`),
    })
  await says(most + 1)
  t.match(await project.push(receiver, 'main'), {
    code: 1,
    stderr: /page wrote more than 8KiB of log \(limits\.derivationLogBytes\)/,
  })
  await says(most)
  const taken = await project.push(receiver, 'main')
  t.equal(taken.code, 0, taken.stderr)
})

/** Empty where the process ended meanwhile. */
function limitsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/limits`, 'utf8')
  } catch {
    return ''
  }
}
