// What `git push -o` asks for: to be told without a change, to build without a switch, to go on without the client, to go elsewhere.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { end, processes } from '../../src/lib/proc.ts'
import { agree, leftByCrash, record, refOf, tree, until, userName } from '../helpers/agree.ts'
import { makeKey } from '../helpers/keys.ts'
import { webModule } from '../helpers/module.ts'
import { hostenv } from '../helpers/programs.ts'
import { makeProject, type Pushed } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { listing, remoteRefs, standing } from '../helpers/standing.ts'

// What counts here is who pushes, whether or not this machine can isolate builds.
const receiver = await startReceiver(t, { args: ['--allow-unsandboxed-builds'] })
const alice = await makeKey(receiver.directory, 'alice')
const project = await makeProject(t)
const name = 'acme/helloweb'
const file = '.hostenv/hostenv.nix'
const quick = 'deploymentVerification = { upFor = 0; timeout = 20; };'
const hers = `users.alice.publicKeys = [ ${JSON.stringify(alice.publicKey)} ];`
const module = (dev = hers, rest = '') =>
  webModule({ main: `type = "production"; ${quick}`, staging: quick, dev: `${quick} ${dev}` }, rest)
const worker = `processes.worker.command = [ "\${pkgs.busybox}/bin/sleep" "3600" ];`

const words = ({ lines }: Pushed) => lines.map(({ text }) => text.replace(/^remote: /, '')).join('\n')
const reason = ({ stderr }: Pushed) =>
  /\[remote rejected\].* \((.*?)(?:; log d\d+)?\)$/m.exec(stderr)?.[1] ?? 'accepted'
const head = async (ref = 'HEAD') => (await project.git('rev-parse', ref)).trim()
const envs = async () => JSON.parse((await receiver.ssh('envs', '-p', name, '--json')).stdout)

async function everything() {
  const services = Object.fromEntries(
    record(receiver, 'SELECT user_name FROM environment').map(({ user_name: user }) => [
      user,
      tree(receiver, `${user}`),
    ]),
  )
  return {
    ...{ services, refs: await remoteRefs(receiver), listing: listing(receiver), envs: await envs() },
    roots: readdirSync(join(receiver.stateDir, 'roots')).sort(),
    policy: record(receiver, 'SELECT * FROM project'),
    releases: record(receiver, 'SELECT * FROM release'),
  }
}

t.test('a dry run of the first push of all makes nothing', async (t) => {
  await project.commit('Policy', { [file]: module() })
  const before = listing(receiver)
  const pushed = await project.push(receiver, 'main', { options: ['dry-run'] })
  t.equal(pushed.code, 1)
  t.equal(reason(pushed), 'dry run: would start web')
  t.match(words(pushed), /Built in [\s\S]*Dry run: nothing was changed\n +web would start/)
  t.same(listing(receiver), before)
  t.equal((await project.push(receiver, 'main')).code, 0)
})

t.test('a dry run builds, shows what would restart, and changes nothing at all', async (t) => {
  const before = await everything()
  const dry = async (t: Test, refs: string | string[], expected: RegExp, flags: string[] = []) => {
    const pushed = await project.push(receiver, refs, { options: ['dry-run'], flags })
    t.equal(pushed.code, 1)
    t.match(reason(pushed), expected)
    t.same(await everything(), before, `${refs}`)
    return words(pushed)
  }
  await project.git('checkout', '-q', '-b', 'try')
  await project.commit('Nothing new')
  t.match(await dry(t, 'try:main', /^dry run: would restart nothing$/), /Already built[\s\S]*web would go on unchanged/)
  await project.commit('New words', { 'greeting.txt': 'Good morning\n', [file]: module(hers, worker) })
  const told = await dry(t, 'try:main', /^dry run: would restart web, start worker$/)
  t.match(told, /closure .* since release 1/, 'what changed in the closure')
  t.match(told, /web would restart\n +worker would start/)
  t.match(await dry(t, 'try:dev', /^dry run: would start web, start worker$/), 'Dry run: nothing was changed')
  t.match(await dry(t, ['try:main', 'try:dev'], /^dry run: /, ['--atomic']), 'web would restart')
  await dry(t, 'try:nowhere', /^no environment for nowhere$/)
  await dry(t, 'main~1:main', /^(not a fast-forward: main is production|dry run: .*)$/, ['--force'])
  await project.commit('Alice goes', { [file]: module('') })
  await dry(t, 'try:main', /^dry run: would restart web$/)
  t.equal((await receiver.sshAs(alice, ['whoami'])).code, 0, 'and takes no access away')
  await project.commit('Broken', { [file]: module(hers, `activate = "\${pkgs.runCommand "page" { } "exit 3"}";`) })
  await dry(t, 'try:main', /^build failed: page exit 3$/)
  await project.git('checkout', '-q', 'main')
})

t.test('a dry run of a deletion names what would stop', async (t) => {
  t.equal((await project.push(receiver, 'main:dev')).code, 0)
  const before = await everything()
  const pushed = await project.push(receiver, ':dev', { options: ['dry-run'] })
  t.equal(reason(pushed), 'dry run: would stop dev')
  t.match(words(pushed), /web would stop/)
  t.same(await everything(), before)
})

t.test('without activation the build is kept and the branch moves, and what is live stays', async (t) => {
  const before = await standing(receiver, 'main')
  const services = tree(receiver, userName(receiver, name, 'main') ?? '')
  const commit = await project.commit('For later', { 'greeting.txt': 'For later\n', [file]: module('') })
  const pushed = await project.push(receiver, 'main', { options: ['no-activate'] })
  t.equal(pushed.code, 0, pushed.stderr)
  t.match(words(pushed), /Built and kept, not activated: release 1 of main stays live/)
  t.same(await standing(receiver, 'main'), { ...before, branch: commit })
  t.same(tree(receiver, userName(receiver, name, 'main') ?? ''), services, 'no process was touched')
  t.equal((await receiver.sshAs(alice, ['whoami'])).code, 255, 'it is the newest accepted commit: the policy')
  const [row] = record(receiver, 'SELECT * FROM deploy ORDER BY id DESC LIMIT 1')
  t.match(row, { stage: 'done', key: 'main', release: null })
  const gc = await hostenv(['gc', '--state', receiver.stateDir, '--runtime', receiver.runtimeDir], receiver.home)
  t.equal(gc.code, 0, gc.stderr)
  const kept = await receiver.ssh('redeploy', 'main', '--pushed', '-p', name)
  t.equal(kept.code, 0, kept.stderr)
  t.same(await agree(receiver, name, 'main', { live: commit, branch: commit }), [])
  t.match((await receiver.ssh('redeploy', 'main', '--pushed', '-p', name)).stderr, /no build is kept for main/)
  await project.commit('Now', { [file]: module('') })
  const live = await project.push(receiver, 'main')
  t.equal(live.code, 0, live.stderr)
  t.match(words(live), 'Already built', 'the collector left it')
  t.same(leftByCrash(receiver), [])
})

t.test('a first push without activation makes the project and no environment', async (t) => {
  const pushed = await project.push(receiver, 'main', { name: 'acme/later', options: ['no-activate'] })
  t.equal(pushed.code, 0, pushed.stderr)
  t.match(words(pushed), 'not activated: nothing of main is live')
  t.equal(await refOf(receiver, 'acme/later', 'refs/heads/main'), await head())
  t.same(record(receiver, 'SELECT * FROM environment WHERE project = ?', 'acme/later'), [])
  await project.commit('Live')
  t.equal((await project.push(receiver, 'main', { name: 'acme/later' })).code, 0)
  t.same(await agree(receiver, 'acme/later', 'main', { live: await head(), branch: await head() }), [])
})

const slow = (seconds: number) =>
  `processes.web.environment.SLOW = "\${pkgs.runCommand "slow" { } "sleep ${seconds}; echo ${seconds} > $out"}";`

t.test('a client that goes away cancels its deploy, unless it said detach', async (t) => {
  const outcome = async (seconds: number, options: string[]) => {
    const commit = await project.commit('Slow', { [file]: module(hers, slow(seconds)) })
    const gone = new AbortController()
    const onLine = ({ text }: { text: string }) => {
      if (!/\[\d\/\d\] slow: started/.test(text)) return
      gone.abort()
      // A terminal that is closed ends git's ssh too.
      for (const { pid, command } of processes())
        if (command.startsWith('ssh\0') && command.includes(`${receiver.sshPort}`)) end(pid)
    }
    const pushed = await project.push(receiver, 'main', { options, onLine, signal: gone.signal })
    t.not(pushed.code, 0)
    t.ok(gone.signal.aborted, pushed.stderr)
    const last = () => record(receiver, 'SELECT * FROM deploy ORDER BY id DESC LIMIT 1')[0]
    await until('it has ended', () => ['done', 'failed'].includes(`${last()?.stage}`))
    return { commit, ...last() }
  }
  const cancelled = await outcome(60, [])
  t.match(cancelled, { stage: 'failed', reason: 'cancelled: the client went away', new: cancelled.commit })
  const detached = await outcome(3, ['detach'])
  t.match(detached, { stage: 'done', new: detached.commit })
  t.same(await agree(receiver, name, 'main', { live: detached.commit, branch: detached.commit }), [])
  await until('nothing is left over', () => leftByCrash(receiver).length === 0)
})

t.test('env=KEY deploys a branch elsewhere, for those who may do both', async (t) => {
  await project.git('checkout', '-q', '-b', 'topic')
  const commit = await project.commit('Topic')
  const as = (refs: string, env: string, key = alice, flags: string[] = []) =>
    project.push(receiver, refs, { key, options: [`env=${env}`], flags })
  const pushed = await as('topic', 'dev')
  t.equal(pushed.code, 0, pushed.stderr)
  t.match(words(pushed), /→ dev \(development, from topic\)/)
  t.same(await agree(receiver, name, 'dev', { live: commit }), [])
  t.equal(await refOf(receiver, name, 'refs/heads/topic'), commit)
  const before = await everything()
  const next = await project.commit('Next')
  t.equal(reason(await as('topic', 'staging')), 'no right to deploy to staging')
  t.equal(reason(await as('topic:main', 'dev')), 'no right to deploy to main', 'it would move the branch of main')
  t.equal(reason(await as('topic:staging', 'dev')), 'no right to deploy to staging')
  t.equal(reason(await as('topic', 'nowhere')), 'no right to deploy to nowhere')
  t.equal(reason(await as('topic', 'nowhere', receiver.key)), 'no environment nowhere')
  for (const spec of [':topic', 'topic:refs/tags/dev'])
    t.match(reason(await as(spec, 'dev', receiver.key)), /^push option env goes with a branch/)
  const lost = await as('topic~3:main', 'dev', receiver.key, ['--force'])
  t.equal(reason(lost), 'not a fast-forward: main is production', 'the branch of production keeps its commits')
  t.same(await everything(), before)
  t.equal(
    (await as('topic:main', 'staging', receiver.key)).code,
    0,
    'an administrator may move main and deploy it elsewhere',
  )
  t.same(await agree(receiver, name, 'staging', { live: next }), [])
  t.equal(await refOf(receiver, name, 'refs/heads/main'), next)
})

t.test('a deletion takes no option that would leave its environment behind', async (t) => {
  const pushed = await project.push(receiver, ':dev', { options: ['no-activate'] })
  t.equal(reason(pushed), 'push option no-activate does not go with a deletion')
  t.ok(await refOf(receiver, name, 'refs/hostenv/live/dev'))
})

t.test('an unknown option is refused by its name, and what was meant is suggested', async (t) => {
  const pushed = await project.push(receiver, 'topic:dev', { options: ['dryrun'] })
  t.equal(reason(pushed), `unknown push option 'dryrun'`)
  t.match(words(pushed), 'Did you mean -o dry-run?')
})
