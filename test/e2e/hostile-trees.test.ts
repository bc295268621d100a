// Trees that nobody can read to their end, in a pack of a few kilobytes: refused at once, or when their time is up, or ended with their
// push; and an archive of one ends too.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Limits } from '../../src/config/limits.ts'
import { end, processes } from '../../src/lib/proc.ts'
import { mustRun, run } from '../../src/lib/spawn.ts'
import { until } from '../helpers/agree.ts'
import { processesOf } from '../helpers/leftovers.ts'
import { cleanEnv } from '../helpers/programs.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const config = join(tempDir(t), 'hostenv.yaml')
writeFileSync(config, 'projects:\n  acme/kept:\n    deploys: false\n')
const start = (limits: Partial<Limits>) => ({
  ...{ faults: '', args: ['--config', config], env: { HOSTENV_OVERRIDES: JSON.stringify({ limits }) } },
})
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
const lists = () => processesOf(receiver.directory).filter(({ command }) => /^git .* ls-tree -r /.test(command))

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
  await until('nobody lists them', () => lists().length === 0)
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

t.test('an archive of what nobody can read to its end is ended, and one of anything else is whole', async (t) => {
  await receiver.restart(start({ archiveTime: 2000 }))
  const name = 'acme/kept'
  const pushed = await project.push(receiver, ['main', `${large}:refs/heads/large`], { name })
  t.equal(pushed.code, 0, pushed.stderr)
  const env = { ...cleanEnv(directory), GIT_SSH_COMMAND: receiver.sshCommand() }
  const archive = (ref: string, format: string) => {
    const output = join(directory, `${ref}.${format}`)
    const argv = ['git', 'archive', `--remote=${receiver.url(name)}`, `--format=${format}`, `--output=${output}`, ref]
    return run({ argv: argv as [string, ...string[]], env, cwd: directory }, { timeout: 60_000 })
  }
  for (const format of ['tar', 'tar.gz', 'zip']) {
    const ended = await archive('large', format)
    t.not(ended.code, 0)
    t.notOk(ended.timedOut)
    t.match(ended.stderr, /hostenv: this archive takes more than 2 s of the processor/, format)
    t.match(ended.stderr, /limits\.archiveTime/)
    t.equal((await archive('main', format)).code, 0)
  }
})
