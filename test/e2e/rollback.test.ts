// Back to an earlier release, and the live one anew: without a build, at once, and never to something that is not what it was.
import { readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { agree, leftByCrash, record, tree, userName } from '../helpers/agree.ts'
import { get } from '../helpers/http.ts'
import { makeKey } from '../helpers/keys.ts'
import { hostenvModule } from '../helpers/module.ts'
import { makeProject } from '../helpers/project.ts'
import { makeQuickProject } from '../helpers/quick-project.ts'
import { startReceiver } from '../helpers/receiver.ts'

t.test('rollback and redeploy', async (t) => {
  const receiver = await startReceiver(t)
  const bob = await makeKey(receiver.directory, 'bob')
  const users = JSON.stringify({ bob: { publicKeys: [bob.publicKey] } })
  const name = 'acme/shop'
  const project = await makeQuickProject(t, { 'users.json': users })
  const commits: string[] = []
  for (const text of ['one', 'two', 'three']) {
    commits.push(await project.commit(text, { 'greeting.txt': `${text}\n` }))
    const pushed = await project.push(receiver, 'main', { name })
    t.equal(pushed.code, 0, pushed.stderr)
  }
  const [one, two, three] = commits as [string, string, string]
  const user = userName(receiver, name, 'main') ?? ''
  const releases = async () => JSON.parse((await receiver.ssh('releases', 'main', '--json')).stdout)
  const greeting = async () => (await get(receiver.httpPort, `${user}.localhost`)).body
  const live = (commit: string, branch = three) => agree(receiver, name, 'main', { live: commit, branch })
  const says = async (t: Test, words: string[], code: number, pattern: RegExp) => {
    const ran = await receiver.ssh(...words)
    t.equal(ran.code, code, ran.stderr)
    t.match(ran.stderr, pattern)
  }

  await t.test('without a number: to the release that was live before, as a new release', async (t) => {
    const ran = await receiver.ssh('rollback', 'main')
    t.equal(ran.code, 0, ran.stderr)
    t.match(ran.stderr, `back to release 2 (${two.slice(0, 7)}, by admin)`)
    t.match(ran.stderr, /Live at http:\S+\s+\(?release 4, /)
    t.same(await live(two), [])
    t.match(await greeting(), 'two')
    const [last, , second] = await releases()
    t.match(last, { n: 4, commit: two, generation: second.generation, storePath: second.storePath, outcome: 'live' })
    t.equal(last.label, 'rollback to 2')
    t.match((await receiver.ssh('envs')).stdout, /branch main is at/, 'envs says that the branch is not what is live')
  })

  await t.test('with a number: to that one; processes that are the same are not started again', async (t) => {
    const before = tree(receiver, user)
    const ran = await receiver.ssh('rollback', 'main', '4')
    t.match(ran.stderr, /release 4 of main is live already/)
    const again = await receiver.ssh('rollback', 'main', '2', '--json')
    t.equal(again.code, 0, again.stderr)
    t.match(JSON.parse(again.stdout), { project: name, key: 'main', ok: true, release: 5, reason: null })
    t.same(tree(receiver, user), before)
    const first = await receiver.ssh('rollback', 'main', '1')
    t.equal(first.code, 0, first.stderr)
    t.same(await live(one), [])
  })

  await t.test('a release in detail: what it is, where it came from, and what changed', async (t) => {
    const { stdout, code } = await receiver.ssh('releases', 'main', '2')
    t.equal(code, 0)
    for (const line of [
      /^release +2 of main \(acme\/shop\)$/m,
      /^outcome +kept: rollback goes back to it$/m,
      new RegExp(`^commit +${two}$`, 'm'),
      /^tree +[0-9a-f]{40}$/m,
      /^by +admin, 20/m,
      /^took +\S+ m?s · resolve \S+ m?s · build /m,
      /^store path +\/nix\/store\//m,
      /^closure +\S+ KiB, (as|[+-].* since) release 1$/m,
      /^log +logs d2$/m,
      /^changed since release 1:$/m,
    ])
      t.match(stdout, line)
    const back = JSON.parse((await receiver.ssh('releases', 'main', '4', '--json')).stdout)
    t.match(back, [{ n: 4, label: 'rollback to 2', since: { release: 3 } }], 'compared when it is asked for')
    t.match((await receiver.ssh('releases', 'main', '77')).stderr, /main has no release 77/)
  })

  await t.test('it takes no build, and is quick', async (t) => {
    const [last] = await releases()
    t.notOk('build' in last.stages)
    t.comment(`a rollback took ${last.stages.total} ms`)
  })

  await t.test('after a restart', async (t) => {
    await receiver.restart()
    const ran = await receiver.ssh('rollback', 'main', '3')
    t.equal(ran.code, 0, ran.stderr)
    t.same(await live(three), [])
  })

  await t.test('what was only activated anew is not what was before', async (t) => {
    const n = (await releases())[0].n
    const anew = await receiver.ssh('redeploy', 'main')
    t.equal(anew.code, 0, anew.stderr)
    t.match(anew.stderr, `release ${n} (${three.slice(0, 7)}) anew`)
    t.match((await releases())[0], { n: n + 1, commit: three, label: `redeploy of ${n}` })
    const back = await receiver.ssh('rollback', 'main')
    t.equal(back.code, 0, back.stderr)
    t.same(await live(one), [])
  })

  await t.test('a stopped environment comes back', async (t) => {
    t.equal((await project.push(receiver, 'main:staging', { name })).code, 0)
    t.equal((await project.push(receiver, ':staging', { name })).code, 0)
    await says(t, ['redeploy', 'staging'], 1, /nothing of staging is live/)
    const ran = await receiver.ssh('rollback', 'staging')
    t.equal(ran.code, 0, ran.stderr)
    t.same(await agree(receiver, name, 'staging', { live: three, branch: null }), [])
  })

  await t.test('it never guesses', async (t) => {
    await says(t, ['rollback', 'main', '99'], 1, /main has no release 99; log d/)
    await says(t, ['rollback', 'main', 'two'], 1, /A release is a number/)
    await says(t, ['rollback', 'dev'], 1, /no release of dev was live before/)
    const profile = join(receiver.stateDir, 'env', user, 'profile')
    const generation = record(receiver, 'SELECT generation AS g FROM release WHERE key = ? AND n = 2', 'main')[0]?.g
    const link = join(profile, `profile-${generation}-link`)
    renameSync(link, `${link}.away`)
    await says(t, ['rollback', 'main', '2'], 1, /release 2 of main is gone/)
    renameSync(`${link}.away`, link)
    const path = join(receiver.stateDir, 'nix', String((await releases()).at(-2).storePath))
    renameSync(path, `${path}-away`)
    await says(t, ['rollback', 'main', '2'], 1, /release 2 of main is gone/)
    renameSync(`${path}-away`, path)
    t.same(await live(one), [])
  })

  await t.test('who may deploy may do it, nobody else', async (t) => {
    const as = (key: typeof bob, ...words: string[]) => receiver.sshAs(key, words)
    const refused = await as(bob, 'rollback', 'staging', '1')
    t.equal(refused.code, 1)
    t.match(refused.stderr, /no right to roll back staging/)
    const stranger = await makeKey(receiver.directory, 'mallory')
    t.not((await as(stranger, 'rollback', 'main', '2')).code, 0)
    const allowed = await as(bob, 'rollback', 'main', '2')
    t.equal(allowed.code, 0, allowed.stderr)
    t.same(await live(two), [])
    t.equal((await releases())[0].by, 'bob')
  })

  await t.test('a push after a rollback is a push', async (t) => {
    const four = await project.commit('four', { 'greeting.txt': 'four\n' })
    const pushed = await project.push(receiver, 'main', { name })
    t.equal(pushed.code, 0, pushed.stderr)
    t.same(await live(four, four), [])
    t.notMatch((await receiver.ssh('envs')).stdout, /branch main is at/)
  })

  await t.test('the log of a rollback is kept like that of a push', async (t) => {
    const id = record(receiver, "SELECT max(id) AS id FROM deploy WHERE kind = 'rollback' AND stage = 'done'")[0]?.id
    const logged = await receiver.ssh('logs', `d${id}`, '--json')
    t.match(JSON.parse(logged.stdout), { kind: 'rollback', ref: null, commit: two, stage: 'done', by: 'bob' })
    t.match(logged.stdout, /back to release 2/)
    t.match(readFileSync(join(receiver.stateDir, `log/deploys/d${id}.log`), 'utf8'), /Live at/)
  })

  await t.test('one goes back to what has no socket without waiting for one', async (t) => {
    const name = 'acme/worker'
    const worker = (text: string) => ({
      '.hostenv/hostenv.nix': hostenvModule(
        { main: 'type = "production"; deploymentVerification.upFor = 6;' },
        `processes.worker.command = [ "\${pkgs.nodejs}/bin/node" "-e" "setInterval(() => 0, 1000) // ${text}" ];`,
      ),
    })
    const project = await makeProject(t, 'hello-web', worker('one'))
    t.equal((await project.push(receiver, 'main', { name })).code, 0)
    await project.commit('Two', worker('two'))
    t.equal((await project.push(receiver, 'main', { name })).code, 0)
    await says(t, ['rollback', 'main', '-p', name], 0, /Live at/)
    const times = record(receiver, "SELECT answers, stages FROM release WHERE project = 'acme/worker' ORDER BY n")
    t.same(
      times.map(({ answers }) => answers),
      [0, 0, 0],
    )
    const [first, , back] = times.map(({ stages }) => JSON.parse(String(stages)).total as number)
    t.ok((back ?? 0) < (first ?? 0) - 1000, `${back} ms, and ${first} ms while nobody knew`)
    const answered = record(receiver, "SELECT DISTINCT answers FROM release WHERE project <> 'acme/worker'")
    t.same(answered, [{ answers: 1 }], 'what answered is known to do so')
  })

  await t.test('a broken environment takes no push before it is settled', async (t) => {
    const name = 'acme/broken'
    const refuses = 'if [ -e "$HOSTENV_DATA_DIR/bad" ]; then echo no; exit 1; fi\n'
    const project = await makeQuickProject(t, { 'activate.sh': refuses })
    const push = () => project.push(receiver, 'main', { name })
    const good = await project.git('rev-parse', 'HEAD')
    t.equal((await push()).code, 0)
    await project.commit('Spoils what the one before needs', {
      'activate.sh': 'touch "$HOSTENV_DATA_DIR/bad"; exit 1\n',
    })
    const spoilt = await push()
    t.match(spoilt.stderr, /main is broken: the release before could not/)
    const all: { key: string; state: string }[] = JSON.parse((await receiver.ssh('envs', '-p', name, '--json')).stdout)
    t.equal(all.find(({ key }) => key === 'main')?.state, 'broken')
    await project.git('reset', '-q', '--hard', good)
    const fixed = await project.commit('A fix', { 'greeting.txt': 'fixed\n' })
    const refused = await push()
    t.match(refused.stderr, /\(main is broken; redeploy or roll back first; log d/)
    t.match(refused.stderr, 'ssh HOST redeploy main -p acme/broken')
    t.notMatch(refused.stderr, /Building|Already built/, 'nothing is built in vain')
    await says(t, ['redeploy', 'main', '-p', name], 1, /activate failed: exit 1/)
    t.match((await push()).stderr, /main is broken; redeploy/, 'it is broken still')
    rmSync(join(receiver.stateDir, 'env', userName(receiver, name, 'main') ?? '', 'data/bad'))
    await says(t, ['redeploy', 'main', '-p', name], 0, /Live at/)
    t.same(await agree(receiver, name, 'main', { live: good, branch: good }), [])
    t.equal((await push()).code, 0)
    t.same(await agree(receiver, name, 'main', { live: fixed, branch: fixed }), [])
  })
  t.same(leftByCrash(receiver), [])
})
