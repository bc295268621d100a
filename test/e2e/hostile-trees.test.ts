// Trees that nobody can read to their end, in a pack of a few kilobytes: refused at once, or when their time is up, or ended with their
// push; and an archive of one ends too.
import t from 'tap'
import type { Limits } from '../../src/config/limits.ts'
import { end, processes } from '../../src/lib/proc.ts'
import { mustRun } from '../../src/lib/spawn.ts'
import { until } from '../helpers/agree.ts'
import { cleanEnv } from '../helpers/programs.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'

const start = (limits: Partial<Limits>) => ({ faults: '', env: { HOSTENV_OVERRIDES: JSON.stringify({ limits }) } })
const receiver = await startReceiver(t, start({}))
const project = await makeProject(t)
const { directory } = project

/** The commit with ten to the tenth folders beside its files, and nothing in them. */
async function bomb(): Promise<string> {
  const made = async (input: string) =>
    (await mustRun({ argv: ['git', 'mktree'], env: cleanEnv(directory), cwd: directory, input })).trim()
  let tree = await made('')
  for (let depth = 0; depth < 10; depth++)
    tree = await made(Array.from({ length: 10 }, (_, n) => `040000 tree ${tree}\t${n}\n`).join(''))
  const rest = await project.git('ls-tree', 'HEAD')
  return await project.git('commit-tree', '-m', 'Large', await made(`${rest}\n040000 tree ${tree}\tlarge\n`))
}
const large = await bomb()
const push = (commit: string) => project.push(receiver, `+${commit}:refs/heads/main`)
const lists = () => processes().filter(({ command }) => /^git\0.*\0ls-tree\0-r\0/.test(command))

t.test('folders without end, and no file in them, are refused at once', async (t) => {
  const begun = performance.now()
  const pushed = await push(large)
  t.match(pushed, { code: 1, stderr: /this commit has more than 200000 files and folders/ })
  t.ok(performance.now() - begun < 20_000)
})

// No limit of files ends them here.
const endless = { treeFiles: 1e12, evaluationsAtOnce: 1 }

t.test('whatever cannot be listed in its time is refused', async (t) => {
  await receiver.restart(start({ ...endless, evaluationTime: 1500 }))
  const pushed = await push(large)
  t.match(pushed, { code: 1, stderr: /reading the files of this commit took longer than 2 s/ })
  t.match(pushed.stderr, /limits\.evaluationTime/)
  t.same(lists(), [])
})

t.test('who hangs up takes it along, and the next push goes through', async (t) => {
  await receiver.restart(start(endless))
  const pushing = push(large)
  await until('its files are listed', () => lists().length > 0)
  for (const { pid, command } of processes())
    if (/^ssh\0.*acme\/hello-web/.test(command) && command.includes(receiver.directory)) end(pid)
  t.not((await pushing).code, 0)
  await until('nobody lists them', () => lists().length === 0)
  const next = await push('HEAD')
  t.equal(next.code, 0, next.stderr)
})
