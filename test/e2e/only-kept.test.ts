// A project with `deploys: false` is a git repository and nothing more: refs move, nothing is evaluated, built or run.
import { globSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { mustRun } from '../../src/lib/spawn.ts'
import { backUp } from '../../src/operate/backup.ts'
import { examine } from '../../src/operate/doctor/doctor.ts'
import { restore } from '../../src/operate/restore.ts'
import { record, refOf } from '../helpers/agree.ts'
import { path } from '../helpers/programs.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const config = join(tempDir(t), 'hostenv.yaml')
writeFileSync(config, 'projects:\n  acme/kept:\n    deploys: false\n  acme/begun:\n    deploys: false\n')
const receiver = await startReceiver(t, { args: ['--config', config] })

t.test('a project that is only kept', async (t) => {
  const name = 'acme/kept'
  const project = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': 'throw "never evaluated"\n' })
  const first = await project.git('rev-parse', 'HEAD')
  await project.git('tag', '-a', '-m', 'one', 'v1')

  const pushed = await project.push(receiver, ['main', 'main:anything/at/all', 'v1'], { name })
  t.equal(pushed.code, 0, pushed.stderr)
  t.equal(await refOf(receiver, name, 'refs/heads/main'), first)
  t.equal(await refOf(receiver, name, 'refs/heads/anything/at/all'), first)
  t.equal(await refOf(receiver, name, 'refs/tags/v1'), await project.git('rev-parse', 'v1'))

  await project.commit('another history', { 'greeting.txt': 'other\n' })
  await project.git('reset', '-q', '--soft', first)
  await project.git('commit', '-q', '--amend', '-m', 'rewritten')
  t.equal((await project.push(receiver, 'main', { name })).code, 1, 'git refuses to lose commits')
  t.equal((await project.push(receiver, '+main', { name })).code, 0, 'unless it is told to')
  t.equal((await project.push(receiver, [':anything/at/all', ':v1'], { name })).code, 0, 'branches and tags go')
  t.equal(await refOf(receiver, name, 'refs/heads/anything/at/all'), null)
  t.strictSame(record(receiver, 'SELECT * FROM environment'), [])
})

t.test('of first pushes at the same time, what was answered ok is there', async (t) => {
  const name = 'acme/begun'
  const project = await makeProject(t, 'hello-web')
  const branches = ['a', 'b', 'c', 'd']
  const first = await Promise.all(branches.map((branch) => project.push(receiver, `main:${branch}`, { name })))
  const there = await Promise.all(branches.map((branch) => refOf(receiver, name, `refs/heads/${branch}`)))
  t.strictSame(
    there.map((oid) => oid !== null),
    first.map(({ code }) => code === 0),
  )
  t.ok(there.some((oid) => oid !== null))
  for (const { code, stderr } of first)
    if (code !== 0) t.match(stderr, /the project was created by another push meanwhile; push again/)
  t.equal((await project.push(receiver, ['main:a', 'main:b', 'main:c', 'main:d'], { name })).code, 0)
})

const env = { home: receiver.home, path, stateHome: undefined, runtimeDir: undefined, user: undefined }

t.test('it is a project of the receiver, though it has neither a policy nor an environment', async (t) => {
  const { findings, compared } = await examine(receiver, env)
  t.strictSame(findings, [])
  t.strictSame(compared, { projects: 2, environments: 0, refs: 5 })
  t.strictSame(JSON.parse((await receiver.ssh('projects', '--json')).stdout), [
    { project: 'acme/begun', commit: null, environments: 0 },
    { project: 'acme/kept', commit: null, environments: 0 },
  ])
})

t.test('a backup has every branch, also one that is called as what git has not finished', async (t) => {
  const name = 'acme/kept'
  const project = await makeProject(t, 'hello-web')
  const branches = ['tmp_fix', 'incoming-mail', 'a/tmp_b', 'objects/tmp_c', 'packed-refs.new', 'incoming-/tmp_/d']
  for (const branch of branches) {
    await project.commit(branch)
    t.equal((await project.push(receiver, `+HEAD:refs/heads/${branch}`, { name })).code, 0, branch)
  }
  const repository = join(receiver.stateDir, 'repos/acme/kept.git')
  const unfinished = ['objects/tmp_objdir-incoming-x/00/y', 'objects/pack/tmp_pack_x', 'refs/heads/x.lock', 'HEAD.lock']
  for (const file of unfinished) {
    mkdirSync(dirname(join(repository, file)), { recursive: true })
    writeFileSync(join(repository, file), '')
  }
  const folder = tempDir(t)
  const [file, stateDir] = [join(folder, 'b.tar'), join(folder, 'state')]
  await backUp(receiver, env, file, { store: true, wait: 60 })
  await restore(stateDir, env, file)
  const git = (directory: string, ...args: string[]) =>
    mustRun({ argv: ['git', `--git-dir=${directory}/repos/acme/kept.git`, ...args], env: { PATH: path } })
  const refs = await git(receiver.stateDir, 'for-each-ref')
  for (const branch of branches) t.match(refs, `refs/heads/${branch}`)
  t.equal(await git(stateDir, 'for-each-ref'), refs)
  await git(stateDir, 'fsck', '--strict')
  const files = (directory: string) => globSync('repos/acme/kept.git/**', { cwd: directory }).sort()
  t.strictSame(
    files(stateDir),
    files(receiver.stateDir).filter((file) => !/kept\.git\/objects\/(pack\/)?tmp_|\.lock$/.test(file)),
    'and nothing else is left out',
  )
  t.strictSame((await examine({ stateDir, runtimeDir: join(folder, 'run') }, env)).findings, [])
})
