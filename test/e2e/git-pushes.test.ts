// Pushes that a real git can make and that are no plain branch: tags, replaced history, very many files or refs, other ids.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { run } from '../../src/lib/spawn.ts'
import { makeKey } from '../helpers/keys.ts'
import { quietModule } from '../helpers/module.ts'
import { cleanEnv } from '../helpers/programs.ts'
import { makeProject, type Pushed } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { remoteRefs, standing } from '../helpers/standing.ts'

const receiver = await startReceiver(t)
const environments = {
  main: 'type = "production";',
  staging: 'type = "testing";',
  pinned: 'type = "testing"; hostenv.gitRef = "v1";',
}
const project = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': quietModule(environments) })
const first = (await project.git('rev-parse', 'HEAD')).trim()
const signer = await makeKey(receiver.directory, 'signer')

/** The reason in git's status line. */
function reason({ stderr }: Pushed): string | undefined {
  return / ! \[remote rejected\] .* \((.*)\)/.exec(stderr)?.[1]?.replace(/; log d\d+$/, '')
}

/** What was told, as one line of text. */
function words({ lines }: Pushed): string {
  return lines.map(({ text }) => text.replace(/^remote: +/, '')).join(' ')
}

t.test('a first push', async (t) => {
  const pushed = await project.push(receiver, 'main')
  t.equal(pushed.code, 0, pushed.stderr)
  await project.commit('On top')
  t.equal((await project.push(receiver, 'main')).code, 0)
})

t.test('5,000 refs are refused with the number and the limit, and none of them is kept', async (t) => {
  // To a new project: git's own client needs ten seconds to compare so many with what is there.
  const specs = Array.from({ length: 5000 }, (_, n) => `${first}:refs/heads/t${n}`)
  const pushed = await project.push(receiver, specs, { name: 'acme/many-refs' })
  t.equal(pushed.code, 1)
  t.match(words(pushed), 'Refused: this push updates 5000 refs; at most 100 are taken at once.')
  t.match(words(pushed), 'Push fewer at a time: git push hostenv BRANCH')
  t.notOk(existsSync(join(receiver.stateDir, 'repos/acme/manyrefs.git')))
})

t.test('a tag that an environment names is deployed from its commit', async (t) => {
  await t.test('annotated', async (t) => {
    await project.git('tag', '-a', '-m', 'One', 'v1')
    const pushed = await project.push(receiver, 'v1')
    t.equal(pushed.code, 0, pushed.stderr)
    t.match(words(pushed), /→ pinned \(testing, from v1\)/)
  })
  await t.test('signed', async (t) => {
    const next = (await project.commit('Two')).trim()
    const how = ['-c', 'gpg.format=ssh', '-c', `user.signingKey=${signer.file}`]
    await project.git(...how, 'tag', '-f', '-s', '-m', 'Two', 'v1')
    t.match(await project.git('cat-file', '-p', 'v1'), 'BEGIN SSH SIGNATURE')
    const pushed = await project.push(receiver, '+v1')
    t.equal(pushed.code, 0, pushed.stderr)
    const now = await standing(receiver, 'pinned')
    t.match(now, { live: next, commit: next, release: 2 })
    const tag = (await project.git('rev-parse', 'v1')).trim()
    t.equal((await remoteRefs(receiver)).get('refs/tags/v1'), tag, 'the tag itself is kept, with its signature')
  })
  await t.test('a tag of a tag', async (t) => {
    await project.git('tag', '-f', '-a', '-m', 'Of a tag', 'v1', 'v1')
    const pushed = await project.push(receiver, '+v1')
    t.equal(pushed.code, 0, pushed.stderr)
    t.match(await standing(receiver, 'pinned'), { release: 3, commit: (await project.git('rev-parse', 'main')).trim() })
  })
  await t.test('but not one of a folder or a file', async (t) => {
    const before = await standing(receiver, 'pinned')
    for (const what of ['main^{tree}', 'main:server.js']) {
      await project.git('tag', '-f', '-a', '-m', 'Not a commit', 'v1', what)
      const pushed = await project.push(receiver, '+v1')
      t.equal(reason(pushed), 'not a commit: only commits and tags of commits can be deployed')
      t.match(words(pushed), 'git cat-file -t NAME')
    }
    t.same(await standing(receiver, 'pinned'), before)
    await project.git('tag', '-d', 'v1')
  })
})

t.test('any other tag is told what tags mean, and the command it prints works', async (t) => {
  await project.git('tag', '-a', '-m', 'A release', 'v2')
  const pushed = await project.push(receiver, 'v2')
  t.equal(pushed.code, 1)
  t.equal(reason(pushed), 'no environment for tag v2')
  t.match(words(pushed), 'A tag is deployed where the releaseTags of an environment match it')
  t.match(words(pushed), /Declared: [\s\S]*pinned (\(from v1\)|from v1)/)
  const command = /git push hostenv '?(\S+):refs\/heads\/BRANCH/.exec(pushed.stderr)
  const done = await project.push(receiver, `${command?.[1]}:refs/heads/staging`)
  t.equal(done.code, 0, done.stderr)
  t.notOk((await remoteRefs(receiver)).has('refs/tags/v2'))
})

t.test('a tag or branch whose name looks like the description of a commit is pushed, moved and deleted', async (t) => {
  const name = 'acme/described'
  const described = await makeProject(t)
  const looks = `v1.0-3-g${(await described.git('rev-parse', '--short=8', 'HEAD')).trim()}`
  const module = { main: '', described: `type = "testing"; hostenv.gitRef = "${looks}";` }
  await described.commit('Described', { '.hostenv/hostenv.nix': quietModule(module) })
  const push = (...specs: string[]) => described.push(receiver, specs, { name })
  t.equal((await push('main')).code, 0)
  for (const kind of ['tags', 'heads']) {
    const ref = `refs/${kind}/${looks}`
    for (const what of ['HEAD~1', 'HEAD', '']) {
      await described.commit('Another')
      const pushed = await push(`+${what}:${ref}`)
      t.equal(pushed.code, 0, pushed.stderr)
    }
    t.notOk((await remoteRefs(receiver, name)).has(ref))
  }
})

t.test('history may be replaced, in production only by who names the environment', async (t) => {
  await project.git('checkout', '-q', '-B', 'other', first)
  const other = (await project.commit('Another history')).trim()
  await t.test('elsewhere --force is enough', async (t) => {
    const refused = await project.push(receiver, 'other:staging')
    t.match(refused.stderr, '[rejected]', "git's own client asks for --force")
    const pushed = await project.push(receiver, 'other:staging', { flags: ['--force'] })
    t.equal(pushed.code, 0, pushed.stderr)
    t.match(await standing(receiver, 'staging'), { branch: other, commit: other })
  })
  await t.test('production is refused before anything is built, and says the way', async (t) => {
    const before = await standing(receiver, 'main')
    for (const options of [[], ['force=staging'], ['confirm=main']]) {
      const pushed = await project.push(receiver, 'other:main', { flags: ['--force'], options })
      t.equal(pushed.code, 1)
      t.equal(reason(pushed), 'not a fast-forward: main is production')
      t.notMatch(pushed.stderr, 'Building')
      t.match(words(pushed), /This push would take 1 commit off main \(now [0-9a-f]{7}\), and main is production/)
      t.match(words(pushed), `git push --force -o force=main hostenv ${other.slice(0, 7)}:refs/heads/main`)
    }
    t.same(await standing(receiver, 'main'), before)
  })
  await t.test('and a commit that calls itself testing changes nothing about it', async (t) => {
    const module = quietModule({ ...environments, main: 'type = "testing";' })
    await project.commit('Not production, it says', { '.hostenv/hostenv.nix': module })
    const pushed = await project.push(receiver, 'other:main', { flags: ['--force'] })
    t.equal(reason(pushed), 'not a fast-forward: main is production')
    await project.git('reset', '-q', '--hard', other)
  })
  await t.test('the option that it names works, and needs nothing of who does not need it', async (t) => {
    const pushed = await project.push(receiver, 'other:main', { flags: ['--force'], options: ['force=main'] })
    t.equal(pushed.code, 0, pushed.stderr)
    t.match(await standing(receiver, 'main'), { branch: other, commit: other })
    await project.commit('On top')
    const plain = await project.push(receiver, 'other:main', { options: ['force=main'] })
    t.equal(plain.code, 0, plain.stderr)
  })
})

t.test('submodules and Git LFS files are not fetched, and one line for each says so', async (t) => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`
  project.write({ 'film.mp4': pointer, 'sound.ogg': pointer, 'not-lfs': `${'x'.repeat(130)}\n` })
  await project.git('update-index', '--add', '--cacheinfo', `160000,${first},vendor/library`)
  await project.git('add', 'film.mp4', 'sound.ogg', 'not-lfs')
  await project.git('commit', '-q', '-m', 'What is not here')
  const pushed = await project.push(receiver, 'other:staging')
  t.equal(pushed.code, 0, pushed.stderr)
  t.match(words(pushed), 'Warning: submodules are not fetched, empty here: vendor/library')
  t.match(
    words(pushed),
    /Warning: Git LFS files are not fetched, only their pointers are here: film\.mp4, sound\.ogg(?!, )/,
  )
})

t.test('a repository with SHA-256 ids is told what to do, for a new project and for one that is there', async (t) => {
  const folder = join(project.directory, '.git', 'sha256')
  const env = { ...cleanEnv(receiver.home), GIT_SSH_COMMAND: receiver.sshCommand() }
  const git = (...args: string[]) => run({ argv: ['git', ...args], env, cwd: project.directory })
  await git('init', '-q', '-b', 'main', '--object-format=sha256', folder)
  await git('-C', folder, 'commit', '-q', '--allow-empty', '-m', 'With long ids')
  for (const name of ['acme/hello-web', 'acme/brand-new']) {
    const pushed = await git('-C', folder, 'push', receiver.url(name), 'main')
    t.not(pushed.code, 0)
    t.match(
      pushed.stderr.replaceAll('\n', ' '),
      /SHA-256.*git rev-parse --show-object-format.*git init --object-format=sha1/,
      name,
    )
  }
  t.notOk(existsSync(join(receiver.stateDir, 'repos/acme/brandnew.git')))
})

t.test('a push of what is there already is told nothing of that', async (t) => {
  for (const flags of [[], ['--dry-run']]) {
    const pushed = await project.push(receiver, 'other:staging', { flags })
    t.equal(pushed.code, 0)
    t.equal(pushed.stderr.trim(), 'Everything up-to-date')
  }
})

t.test('10,000 files are deployed', async (t) => {
  // Into the index alone: what is measured is the receiver, not this clone's disk.
  const blob = (await project.git('rev-parse', `${first}:greeting.txt`)).trim()
  const input = Array.from({ length: 10_000 }, (_, n) => `100644 ${blob}\tmany/${n % 100}/${n}\n`).join('')
  const argv: [string, ...string[]] = ['git', 'update-index', '--index-info']
  t.equal((await run({ argv, env: cleanEnv('/'), cwd: project.directory, input })).code, 0)
  await project.git('commit', '-q', '-m', 'Many files')
  const pushed = await project.push(receiver, 'other:staging')
  t.equal(pushed.code, 0, pushed.stderr)
  t.comment(`${Math.round(pushed.duration)} ms`)
})
