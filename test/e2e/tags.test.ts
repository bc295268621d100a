// Tags that release: into the environment that claims them, without a build, and bound to their commit for ever.
import t, { type Test } from 'tap'
import { agree, leftByCrash, record, refOf } from '../helpers/agree.ts'
import { makeKey } from '../helpers/keys.ts'
import { webModule } from '../helpers/module.ts'
import { makeProject, type PushSettings } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'

t.test('tags', async (t) => {
  const receiver = await startReceiver(t, { args: ['--allow-unsandboxed-builds'] })
  const bob = await makeKey(receiver.directory, 'bob')
  const quick = 'deploymentVerification.upFor = 0;'
  const environments = {
    main: `type = "testing"; ${quick} users.bob.publicKeys = [ "${bob.publicKey}" ];`,
    staging: `type = "testing"; ${quick} releaseTags = "*-rc*";`,
    live: `type = "production"; ${quick} releaseTags = "v*"; requires = "staging";`,
    loose: `type = "testing"; ${quick} releaseTags = "loose-*";`,
    pinned: `type = "testing"; ${quick} hostenv.gitRef = "latest";`,
  }
  const name = 'acme/shop'
  const project = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': webModule(environments) })
  const push = (refs: string | string[], settings: PushSettings = {}) =>
    project.push(receiver, refs, { name, ...settings })
  const ok = async (t: Test, refs: string | string[]) => {
    const pushed = await push(refs)
    t.equal(pushed.code, 0, pushed.stderr)
    return pushed
  }
  const refused = async (t: Test, refs: string | string[], why: RegExp, settings: PushSettings = {}) => {
    const pushed = await push(refs, settings)
    t.equal(pushed.code, 1, pushed.stderr)
    t.match(pushed.stderr, why)
    return pushed
  }
  const live = (key: string, commit: string | null) => agree(receiver, name, key, { live: commit })
  const newest = async (key: string) => JSON.parse((await receiver.ssh('releases', key, '--json')).stdout)[0]
  const tagged = (tag: string) => refOf(receiver, name, `refs/tags/${tag}`)
  const one = await project.git('rev-parse', 'HEAD')
  await ok(t, 'main')

  await t.test('a tag releases its commit, without a build where that is built', async (t) => {
    await project.git('tag', 'loose-1')
    const pushed = await ok(t, 'loose-1')
    t.match(pushed.stderr, `${one.slice(0, 7)} → loose (testing, from loose-1)`)
    t.notMatch(pushed.stderr, /Building|Built in/)
    t.same(await live('loose', one), [])
    t.match(await newest('loose'), { n: 1, commit: one, label: 'loose-1' })
    t.match((await receiver.ssh('releases', 'loose')).stdout, /LABEL\n.*loose-1$/m)
    t.equal(await tagged('loose-1'), one)
  })

  await t.test('an annotated tag releases the commit that it leads to', async (t) => {
    await project.git('tag', '-a', '-m', 'two', 'loose-2')
    await project.git('tag', '-a', '-m', 'a tag of a tag', 'loose-3', 'loose-2')
    await ok(t, ['loose-2', 'loose-3'])
    t.match(await newest('loose'), { n: 3, commit: one, label: 'loose-3' })
    t.equal(await tagged('loose-3'), await project.git('rev-parse', 'loose-3'), 'the tag itself is what it was')
    t.same(await live('loose', one), [])
  })

  await t.test('a tag of a file or a folder is refused', async (t) => {
    await project.git('tag', 'loose-file', 'HEAD:server.js')
    await project.git('tag', '-a', '-m', 'folder', 'loose-folder', 'HEAD^{tree}')
    await refused(t, 'loose-file', /not a commit/)
    await refused(t, 'loose-folder', /not a commit/)
    t.equal(await tagged('loose-file'), null)
  })

  const two = await project.commit('two', { 'greeting.txt': 'two\n' })
  await t.test('a released tag is neither moved nor deleted, by nobody', async (t) => {
    const kept = /\(tag loose-1 was released as [0-9a-f]{7} and keeps that commit/
    await project.git('tag', '-f', 'loose-1', two)
    await refused(t, '+loose-1', kept)
    await refused(t, '+loose-1', kept, { options: ['force=loose'] })
    await refused(t, ':loose-1', kept)
    t.equal(await tagged('loose-1'), one)
    t.same(await live('loose', one), [])
    // Another tag object of the same commit is the same pair.
    await project.git('tag', '-f', '-a', '-m', 'again', 'loose-1', one)
    await ok(t, '+loose-1')
    t.match(await newest('loose'), { commit: one, label: 'loose-1' })
  })

  await t.test('it comes back only with the same commit, also where its ref is lost', async (t) => {
    const repository = `${receiver.stateDir}/repos/${name}.git`
    await project.git('--git-dir', repository, 'update-ref', '-d', 'refs/tags/loose-2')
    await refused(t, `${two}:refs/tags/loose-2`, /tag loose-2 was released as/)
    await ok(t, `${one}:refs/tags/loose-2`)
    t.equal(await tagged('loose-2'), one)
  })

  await t.test('the pair is bound even to who takes the pattern away', async (t) => {
    const without = { ...environments, loose: `type = "testing"; ${quick} hostenv.gitRef = "loose-1";` }
    await project.commit('No pattern', { '.hostenv/hostenv.nix': webModule(without) })
    await ok(t, 'main')
    await refused(t, ':loose-2', /tag loose-2 was released as/)
    await refused(t, `+${two}:refs/tags/loose-1`, /tag loose-1 was released as/)
    await project.git('reset', '-q', '--hard', two)
    await ok(t, '+main')
  })

  await t.test('what an environment requires: the commit must have been live there', async (t) => {
    await project.git('tag', 'v1.0', two)
    const pushed = await refused(t, 'v1.0', /\([0-9a-f]{7} was never live in staging, which live requires/)
    t.notMatch(pushed.stderr, /Building/)
    t.same(await live('live', null), [])
    await ok(t, `${two}:refs/heads/staging`)
    await ok(t, 'v1.0')
    t.same(await live('live', two), [])
    t.match(await newest('live'), { n: 1, commit: two, label: 'v1.0' })
    await ok(t, `+${one}:refs/heads/staging`)
    await project.git('tag', 'v0.9', one)
    await ok(t, 'v0.9')
    t.same(await live('live', one), [])
    await project.git('tag', '-a', '-m', 'again', 'v1.1', two)
    await ok(t, 'v1.1')
    t.same(await live('live', two), [], 'it need not be live there any more')
  })

  await t.test('a tag that several claim is refused, with who they are', async (t) => {
    await project.git('tag', 'v2-rc1', two)
    const pushed = await refused(t, 'v2-rc1', /\(tag v2-rc1 could release into live or staging/)
    t.match(pushed.stderr, /releaseTags: v\* \(into live\), loose-\* \(into loose\), \*-rc\*/)
    t.equal(await tagged('v2-rc1'), null)
    await project.git('tag', 'other', two)
    await refused(t, 'other', /no environment for tag other/)
  })

  await t.test('a tag that an environment names as its gitRef may move: it is that environment', async (t) => {
    await ok(t, `${one}:refs/tags/latest`)
    await ok(t, `+${two}:refs/tags/latest`)
    t.same(await live('pinned', two), [])
    await ok(t, ':refs/tags/latest')
    t.same(await live('pinned', null), [])
  })

  await t.test('only who may deploy there releases there', async (t) => {
    await refused(t, `${two}:refs/tags/loose-9`, /no right to deploy to loose/, { key: bob })
    await refused(t, `:refs/tags/loose-1`, /no right|keeps that commit/, { key: bob })
    t.same(record(receiver, "SELECT * FROM tag WHERE name = 'loose-9'"), [])
  })

  await t.test('a tag whose release fails is not bound', async (t) => {
    await project.git('tag', 'loose-bad', await project.commit('broken', { 'greeting.txt': null }))
    await refused(t, 'loose-bad', /evaluation failed|build failed/)
    await ok(t, `${two}:refs/tags/loose-bad`)
    t.same(await live('loose', two), [])
  })

  await t.test('a rollback takes the release of a tag back, and the tag stays', async (t) => {
    const ran = await receiver.ssh('rollback', 'live', '1')
    t.match(ran.stderr, /release 1 of live|Live at/)
    t.equal((await receiver.ssh('rollback', 'live', '2')).code, 0)
    t.same(await live('live', one), [])
    t.equal(await tagged('v1.1'), await project.git('rev-parse', 'v1.1'))
    t.match((await newest('live')).label, 'rollback to 2')
  })
  t.same(leftByCrash(receiver), [])
})
