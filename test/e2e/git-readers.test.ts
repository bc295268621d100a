// What readers get with a real git: archives, shallow and partial clones; and never what no ref reaches.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { run, start } from '../../src/lib/spawn.ts'
import { flush, pkt } from '../../src/receive/pkt-line.ts'
import { makeKey } from '../helpers/keys.ts'
import { quietModule } from '../helpers/module.ts'
import { cleanEnv } from '../helpers/programs.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const receiver = await startReceiver(t)
const alice = await makeKey(receiver.directory, 'alice')
const bob = await makeKey(receiver.directory, 'bob')
const module = (key: { publicKey: string }) =>
  quietModule({ main: `type = "testing"; users.someone.publicKeys = [ ${JSON.stringify(key.publicKey)} ];` })

const project = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': module(alice) })
const other = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': module(bob) })
await project.commit('Attributes that would change an archive', {
  '.gitattributes': 'left-out export-ignore\nstamped export-subst\n',
  'left-out': 'here all the same\n',
  stamped: '$Format:%H$\n',
  'folder/inside': 'inside\n',
})
await project.commit('On top', { 'on-top': 'new\n' })

t.test('two projects with a reader each', async (t) => {
  for (const [made, name] of [
    [project, 'acme/hello-web'],
    [other, 'acme/other'],
  ] as const) {
    const pushed = await made.push(receiver, 'main', { name })
    t.equal(pushed.code, 0, pushed.stderr)
  }
})

/** git as somebody, in a directory of their own. */
function git(key: typeof alice, args: readonly string[], cwd = receiver.home) {
  const env = { ...cleanEnv(receiver.home), GIT_SSH_COMMAND: receiver.sshCommand(key) }
  return run({ argv: ['git', ...args], env, cwd }, { timeout: 60_000 })
}
const url = receiver.url('acme/hello-web')

t.test('git archive --remote gives a reader the files as they are in the tree', async (t) => {
  const folder = tempDir(t, 'a')
  for (const format of ['tar', 'tar.gz', 'zip']) {
    const file = join(folder, `a.${format}`)
    const ran = await git(alice, ['archive', `--remote=${url}`, `--format=${format}`, `--output=${file}`, 'main'])
    t.equal(ran.code, 0, ran.stderr)
    t.ok(existsSync(file))
  }
  await run({ argv: ['tar', '-xf', join(folder, 'a.tar'), '-C', folder], env: cleanEnv(folder) })
  t.equal(readFileSync(join(folder, 'left-out'), 'utf8'), 'here all the same\n')
  t.equal(readFileSync(join(folder, 'stamped'), 'utf8'), '$Format:%H$\n')
  const part = await git(alice, [
    'archive',
    `--remote=${url}`,
    '--format=tar',
    `--output=${folder}/part.tar`,
    'main:folder',
  ])
  t.equal(part.code, 0, part.stderr)
  const listed = await run({ argv: ['tar', '-tf', `${folder}/part.tar`], env: cleanEnv(folder) })
  t.equal(listed.stdout.trim(), 'inside')
})

t.test('an archive is for readers of the project, of its refs, and of nothing of the host', async (t) => {
  const stranger = await git(bob, ['archive', `--remote=${url}`, 'main'])
  t.not(stranger.code, 0)
  t.match(stranger.stderr, /hostenv: no project acme\/helloweb, or no right to it/)
  const commit = await project.git('rev-parse', 'main~1')
  for (const what of ['nowhere', commit.trim()]) {
    const ran = await git(alice, ['archive', `--remote=${url}`, what])
    t.not(ran.code, 0)
    t.match(ran.stderr, 'no such ref')
  }
  const added = await git(alice, ['archive', `--remote=${url}`, '--add-file=/etc/passwd', 'main'])
  t.not(added.code, 0)
  t.notMatch(added.stdout, 'root:')
})

t.test('a partial clone fetches its files when they are needed, a shallow one no history', async (t) => {
  const folder = tempDir(t, 'c')
  const partial = await git(alice, ['clone', '-q', '--filter=blob:none', '--no-checkout', url, `${folder}/partial`])
  t.equal(partial.code, 0, partial.stderr)
  t.notMatch(partial.stderr, 'filtering not recognized')
  const missing = await git(alice, ['rev-list', '--objects', '--all', '--missing=print'], `${folder}/partial`)
  t.ok(missing.stdout.split('\n').filter((line) => line.startsWith('?')).length > 3)
  const checkout = await git(alice, ['checkout', '-q', 'main'], `${folder}/partial`)
  t.equal(checkout.code, 0, checkout.stderr)
  t.equal(readFileSync(join(folder, 'partial/on-top'), 'utf8'), 'new\n')
  const shallow = await git(alice, ['clone', '-q', '--depth=1', url, `${folder}/shallow`])
  t.equal(shallow.code, 0, shallow.stderr)
  t.equal((await git(alice, ['rev-list', '--count', 'HEAD'], `${folder}/shallow`)).stdout, '1')
  const deeper = await git(alice, ['fetch', '-q', '--deepen=1'], `${folder}/shallow`)
  t.equal(deeper.code, 0, deeper.stderr)
  t.equal((await git(alice, ['rev-list', '--count', 'HEAD'], `${folder}/shallow`)).stdout, '2')
})

t.test('a push from a shallow clone of the receiver works: the boundary is known there', async (t) => {
  const folder = join(tempDir(t, 'c'), 'shallow')
  await git(alice, ['clone', '-q', '--depth=1', url, folder])
  writeFileSync(join(folder, 'from-shallow'), 'x\n')
  await git(alice, ['add', '-A'], folder)
  await git(alice, ['commit', '-q', '-m', 'From a shallow clone'], folder)
  const pushed = await git(alice, ['push', 'origin', 'main'], folder)
  t.equal(pushed.code, 0, pushed.stderr)
  await project.tryGit('-c', `core.sshCommand=${receiver.sshCommand()}`, 'pull', '-q', url, 'main')
})

// A refused push leaves its objects in the repository until they are collected. Whoever may read the project and knows an id (from a
// log, from a colleague's terminal) must not get them: they may be what somebody pushed by mistake.
t.test('what a refused push brought cannot be fetched by its id, what a ref reaches can', async (t) => {
  await project.git('checkout', '-q', '-b', 'secret')
  const commit = (await project.commit('A secret', { secret: 'the password\n' })).trim()
  const [blob, tree] = (await project.git('rev-parse', `${commit}:secret`, `${commit}^{tree}`)).trim().split('\n')
  await project.git('checkout', '-q', 'main')
  const refused = await project.push(receiver, 'secret')
  t.match(refused.stderr, /no environment for secret/)
  const reachable = (await project.git('rev-parse', 'main~1', 'main~1^{tree}', 'main:on-top')).trim().split('\n')
  for (const version of ['0', '2']) {
    for (const oid of [commit, blob, tree, '1'.repeat(40)] as string[]) {
      const folder = tempDir(t, 'c')
      await git(alice, ['init', '-q', folder])
      const ran = await git(alice, ['-c', `protocol.version=${version}`, 'fetch', '-q', url, oid], folder)
      t.not(ran.code, 0)
      t.match(ran.stderr, `not our ref ${oid}`, `version ${version}`)
      t.not((await git(alice, ['cat-file', '-e', oid], folder)).code, 0)
    }
    for (const oid of reachable) {
      const folder = tempDir(t, 'c')
      await git(alice, ['init', '-q', folder])
      const ran = await git(alice, ['-c', `protocol.version=${version}`, 'fetch', '-q', url, oid], folder)
      t.equal(ran.code, 0, ran.stderr)
      t.equal((await git(alice, ['cat-file', '-e', oid], folder)).code, 0)
    }
  }
})

/** What git upload-pack answers alice to bytes that her git would not send. */
async function asked(version: string, bytes: Buffer): Promise<Buffer> {
  const ssh = [...receiver.sshCommand(alice).split(' '), '-o', `SetEnv=GIT_PROTOCOL=version=${version}`]
  const argv = [...ssh, '-p', `${receiver.sshPort}`, 'git@127.0.0.1', "git-upload-pack 'acme/hello-web.git'"]
  const child = start({ argv: argv as [string, ...string[]], env: cleanEnv(receiver.home) }, ['pipe', 'pipe', 'ignore'])
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(bytes)
  const said: Buffer[] = []
  for await (const chunk of child.stdout ?? []) said.push(chunk as Buffer)
  return Buffer.concat(said)
}

t.test('nor by any other way to ask for it', async (t) => {
  await project.git('checkout', '-q', '-b', 'removed')
  const secret = (await project.commit('Another secret', { secret: 'the other password\n' })).trim()
  const above = (await project.commit('The secret removed', { secret: 'none\n' })).trim()
  await project.git('checkout', '-q', 'main')
  t.match((await project.push(receiver, 'removed')).stderr, /no environment for removed/)
  const main = (await project.git('rev-parse', 'main')).trim()
  const request = (version: string, ...wants: string[]) =>
    Buffer.concat(
      version === '2'
        ? [pkt('command=fetch'), Buffer.from('0001'), ...wants.map((line) => pkt(line)), pkt('done'), flush]
        : [...wants.map((line) => pkt(line)), flush, pkt('done')],
    )
  const pack = (version: string, ...wants: string[]) => asked(version, request(version, ...wants))
  for (const version of ['0', '2']) {
    t.match((await pack(version, `want ${main}\n`)).toString('latin1'), /PACK/, 'what a ref reaches is served')
    for (const want of [secret.toUpperCase(), `${secret}0`, `${secret}\0`, `${secret}${secret}`]) {
      const answer = (await pack(version, `want ${want}\n`)).toString('latin1')
      t.notMatch(answer, /PACK/)
      t.match(answer, /ERR upload-pack: (not our ref|this request cannot be read)/, JSON.stringify(want))
    }
    // git would send what is below a commit at which the client says its history ends.
    const wants = [`want ${main}\n`, `shallow ${above}`]
    const [whole, deep] = [
      await pack(version, ...wants, 'deepen 9999'),
      await pack(version, ...wants, 'deepen 2147483647'),
    ]
    const objects = (answer: Buffer) => answer.readUInt32BE(answer.indexOf('PACK') + 8)
    t.equal(objects(deep), objects(whole))
    t.notMatch(deep.toString('latin1'), `unshallow ${above}`)
  }
})

t.test('a shallow clone becomes a whole one', async (t) => {
  for (const version of ['0', '2']) {
    const folder = join(tempDir(t, 'c'), 'shallow')
    await git(alice, ['clone', '-q', '--depth=1', url, folder])
    const ran = await git(alice, ['-c', `protocol.version=${version}`, 'fetch', '-q', '--unshallow'], folder)
    t.equal(ran.code, 0, ran.stderr)
    t.equal((await git(alice, ['rev-parse', '--is-shallow-repository'], folder)).stdout, 'false')
    t.equal((await git(alice, ['fsck'], folder)).code, 0)
  }
})

// Patterns that git reads from whatever file is named would tell what is in it, line by line.
t.test('no file of the repository is taken for a filter', async (t) => {
  const folder = join(tempDir(t, 'c'), 'sparse')
  const ran = await git(alice, ['clone', '-q', '--no-checkout', '--filter=sparse:oid=main:on-top', url, folder])
  t.not(ran.code, 0)
  t.match(ran.stderr, "filter 'sparse:oid' not supported")
})
