// Several branches in one push, branches that mean nothing, branches that are deleted, and clones that are shallow.

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { environmentFacts } from '../../src/lib/names.ts'
import { documents } from '../../src/report/words/schema.ts'
import { get } from '../helpers/http.ts'
import { quietModule, webModule } from '../helpers/module.ts'
import { makeProject, type Pushed } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { hostname, listing, remoteRefs, type Standing, standing } from '../helpers/standing.ts'

const receiver = await startReceiver(t)
const up = 'deploymentVerification.upFor = 1;'
const environments = {
  main: `type = "testing"; ${up}`,
  live: `type = "production"; hostenv.gitRef = "stable"; ${up}`,
  staging: `type = "testing"; ${up}`,
  dev: `type = "development"; ${up}`,
}
const broken = `pkgs.runCommand "page" { } "echo no words >&2; exit 3"`
const brokenModule = webModule(environments, `processes.web.environment.PAGE = "\${${broken}}";`)
const project = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': webModule(environments) })
const good = (await project.git('rev-parse', 'HEAD')).trim()

/** Reasons by branch. */
function rejected({ stderr }: Pushed): Record<string, string> {
  const lines = stderr.matchAll(/ ! \[remote rejected\] (?:\S+ -> )?(\S+)(?: -> \S+)? \((.*)\)/g)
  return Object.fromEntries([...lines].map(([, ref = '', reason = '']) => [ref, reason.replace(/; log d\d+$/, '')]))
}

async function standings(...keys: string[]): Promise<Record<string, Standing>> {
  const all = await Promise.all(keys.map(async (key) => [key, await standing(receiver, key)] as const))
  return Object.fromEntries(all)
}

t.test('before main is there no other branch means anything', async (t) => {
  const kept = listing(receiver)
  const pushed = await project.push(receiver, ['main:staging', 'main:dev'])
  t.equal(pushed.code, 1)
  t.same(rejected(pushed), { staging: 'push main first', dev: 'push main first' })
  t.match(
    pushed.lines.map(({ text }) => text),
    [
      'remote: -----> This project has no policy yet',
      "remote:        What a branch means is read from 'main'.",
      'remote:        git push hostenv main',
    ],
  )
  t.same(listing(receiver), kept)
})

t.test('one push of three declared branches: two are live, the one that does not build is rejected', async (t) => {
  await project.git('checkout', '-q', '-B', 'broken', good)
  const bad = await project.commit('Does not build', { '.hostenv/hostenv.nix': brokenModule })
  const pushed = await project.push(receiver, [
    `${bad}:refs/heads/dev`,
    `${good}:refs/heads/staging`,
    `${good}:refs/heads/main`,
  ])
  t.equal(pushed.code, 1)
  t.same(rejected(pushed), { dev: 'build failed: page exit 3' }, 'main comes first, whatever the order')
  t.match(pushed.stderr, /\[new branch\] +\S+ -> staging/)
  t.match(pushed.stderr, /\[new branch\] +\S+ -> main/)
  const now = await standings('main', 'staging', 'dev')
  for (const key of ['main', 'staging'])
    t.match(now[key], {
      branch: good,
      live: good,
      commit: good,
      release: 1,
      body: `Hello from hostenv\n${key}, release 1\n`,
    })
  t.match(now.dev, { branch: null, live: null, releases: [], release: null, profile: null, status: 404 })
})

t.test('with --atomic none of them is live, each with a true reason, and nothing was switched', async (t) => {
  const before = await standings('main', 'staging', 'dev')
  const kept = listing(receiver)
  await project.git('checkout', '-q', '-B', 'next', good)
  const next = await project.commit('Fine by itself', { 'greeting.txt': 'Next\n' })
  for (const order of [0, 1, 2]) {
    const bad = (await project.git('rev-parse', 'broken')).trim()
    const refs = ['main', 'staging', 'dev'].map((name, i) => `${i === order ? bad : next}:refs/heads/${name}`)
    const pushed = await project.push(receiver, refs, { flags: ['--atomic'] })
    t.equal(pushed.code, 1)
    const culprit = ['main', 'staging', 'dev'][order] as string
    const reasons = rejected(pushed)
    t.same(Object.keys(reasons).sort(), ['dev', 'main', 'staging'])
    for (const [name, reason] of Object.entries(reasons)) {
      const own = 'build failed: page exit 3'
      t.equal(reason, name === culprit ? own : `atomic: ${culprit} was refused (${own})`, name)
    }
    t.notMatch(pushed.stderr, /Activating|proc-receive/)
    t.same(await standings('main', 'staging', 'dev'), before, `${culprit} does not build`)
    t.same(listing(receiver), kept, 'nothing is left')
  }
})

t.test('with --atomic all are taken back when one that was switched does not run', async (t) => {
  const before = await standings('main', 'staging', 'dev')
  await project.git('checkout', '-q', '-B', 'dies', good)
  // A death ends the check at once, however late a slow machine comes to it.
  const module = webModule({ ...environments, staging: 'type = "testing"; deploymentVerification.upFor = 20;' })
  const dies = await project.commit('Dies', { 'server.js': 'process.exit(1)\n', '.hostenv/hostenv.nix': module })
  const next = (await project.git('rev-parse', 'next')).trim()
  const pushed = await project.push(receiver, [`${next}:refs/heads/main`, `${dies}:refs/heads/staging`], {
    flags: ['--atomic'],
  })
  t.equal(pushed.code, 1)
  t.same(rejected(pushed), { staging: 'web died: exit 1', main: 'atomic: staging was refused (web died: exit 1)' })
  t.same(await standings('main', 'staging', 'dev'), before)
})

t.test('with --atomic all are live together', async (t) => {
  const next = (await project.git('rev-parse', 'next')).trim()
  const pushed = await project.push(
    receiver,
    ['main', 'staging', 'dev'].map((name) => `${next}:refs/heads/${name}`),
    {
      flags: ['--atomic'],
    },
  )
  t.equal(pushed.code, 0, pushed.stderr)
  for (const [key, now] of Object.entries(await standings('main', 'staging', 'dev'))) {
    t.match(now, { branch: next, live: next, commit: next, status: 200, release: key === 'dev' ? 1 : 2 }, key)
    t.equal(now.profile, now.storePath)
  }
})

t.test('an undeclared branch is told the declared keys and the line to add, and the line works', async (t) => {
  const kept = listing(receiver)
  const before = await remoteRefs(receiver)
  const pushed = await project.push(receiver, 'next:feature/x')
  t.equal(pushed.code, 1)
  t.same(rejected(pushed), { 'feature/x': 'no environment for feature/x' })
  const words = pushed.lines.map(({ text }) => text.replace(/^remote: +/, ''))
  t.ok(words.includes('Declared: dev, live (from stable), main, staging'), pushed.stderr)
  const line = words.find((text) => text.startsWith('environments.'))
  t.equal(line, 'environments."feature/x".type = "testing";')
  t.same(listing(receiver), kept)
  t.same(await remoteRefs(receiver), before)
  await project.git('checkout', '-q', '-B', 'main', 'next')
  await project.commit('As told', { '.hostenv/hostenv.nix': webModule(environments, line) })
  const again = await project.push(receiver, ['main:feature/x', 'main'])
  t.equal(again.code, 0, again.stderr)
  t.match((await standing(receiver, 'feature/x')).body, 'feature/x, release 1')
})

t.test('a branch and one below it are a conflict that git names, and nothing is switched', async (t) => {
  const before = await standing(receiver, 'feature/x')
  await project.commit('Both', {
    '.hostenv/hostenv.nix': webModule({ ...environments, 'feature/x': '', 'feature/x/y': up, feature: up }),
  })
  t.equal((await project.push(receiver, 'main')).code, 0)
  const pushed = await project.push(receiver, ['main:feature/x/y', 'main:feature'])
  t.equal(pushed.code, 1)
  t.match(rejected(pushed), { feature: /^git cannot update feature: .*feature\/x/ })
  t.match(rejected(pushed)['feature/x/y'], /^git cannot update feature\/x\/y: .*feature\/x/)
  t.notMatch(pushed.stderr, /Activating/)
  t.same(await standing(receiver, 'feature/x'), before)
})

t.test('deleting the branch of an environment stops it and keeps its data; a push brings it back', async (t) => {
  const site = { domain: 'localhost', runtimeDir: receiver.runtimeDir, stateDir: receiver.stateDir }
  const facts = environmentFacts({ organisation: 'acme', project: 'helloweb' }, 'dev', 'dev', site)
  writeFileSync(join(facts.dataDir, 'precious'), 'kept')
  const gone = await project.push(receiver, ':dev')
  t.equal(gone.code, 0, gone.stderr)
  t.match(gone.stderr, /Stopped dev; its data and its releases are kept/)
  t.match(await standing(receiver, 'dev'), { branch: null, live: null, release: null, releases: [1], status: 404 })
  t.notOk(
    existsSync(join(facts.upstreamRuntimeDir, 'in.sock')) &&
      (await get(receiver.httpPort, hostname('dev'))).status < 400,
  )
  const envs = documents.envs.parse(JSON.parse((await receiver.ssh('envs', '--json')).stdout))
  t.match(
    envs.find(({ key }) => key === 'dev'),
    { state: 'stopped', url: null, release: null },
  )
  t.ok(existsSync(join(facts.dataDir, 'precious')))
  const back = await project.push(receiver, 'next:dev')
  t.equal(back.code, 0, back.stderr)
  const now = await standing(receiver, 'dev')
  t.match(now, { release: 2, releases: [2, 1], status: 200 })
  t.equal(now.branch, now.live)
  t.ok(existsSync(join(facts.dataDir, 'precious')))
})

t.test('the canonical branch cannot be deleted, and production only when it is confirmed', async (t) => {
  t.equal((await project.push(receiver, 'main:stable')).code, 0)
  const before = await standings('main', 'live')
  const main = await project.push(receiver, ':main', { options: ['confirm=main'] })
  t.equal(main.code, 1)
  t.same(rejected(main), { main: 'main is the canonical branch and cannot be deleted' })
  for (const options of [[], ['confirm=stable'], ['confirm=main']]) {
    const production = await project.push(receiver, ':stable', { options })
    t.equal(production.code, 1)
    t.same(rejected(production), { stable: 'live is production' })
    t.match(production.stderr, /git push -o confirm=live hostenv :stable/)
  }
  t.same(await standings('main', 'live'), before)
  const confirmed = await project.push(receiver, ':stable', { options: ['confirm=live'] })
  t.equal(confirmed.code, 0, confirmed.stderr)
  t.match(await standing(receiver, 'live'), { live: null, release: null, releases: [1], status: 404 })
  t.notOk((await remoteRefs(receiver)).has('refs/heads/stable'))
})

t.test('an unknown push option is refused by name, for every ref', async (t) => {
  const before = await remoteRefs(receiver)
  const pushed = await project.push(
    receiver,
    ['good:main', 'good:staging'].map((spec) => spec.replace('good', good)),
    {
      options: ['trace', 'ci.skip'],
      flags: ['--force'],
    },
  )
  t.equal(pushed.code, 1)
  t.same(rejected(pushed), { main: "unknown push option 'ci.skip'", staging: "unknown push option 'ci.skip'" })
  t.match(pushed.stderr, /Known, each after -o: trace, [\s\S]*confirm=KEY/)
  const many = await project.push(receiver, `${good}:staging`, { options: Array(21).fill('trace'), flags: ['--force'] })
  t.same(rejected(many), { staging: 'too many push options: at most 20' })
  t.same(await remoteRefs(receiver), before)
})

t.test('a shallow push is told how to become a whole one, and then works', async (t) => {
  const shallow = join(project.directory, 'shallow')
  await project.commit('One more')
  await project.commit('And one more')
  await project.git('clone', '-q', '--depth=1', '--branch=main', `file://${project.directory}`, shallow)
  const ssh = ['-C', shallow, '-c', `core.sshCommand=${receiver.sshCommand()}`]
  const before = await remoteRefs(receiver)
  const refused = await project.tryGit(...ssh, 'push', receiver.url('acme/hello-web'), '+main')
  t.equal(refused.code, 1)
  t.match(refused.stderr, /\[remote rejected\] main -> main \(shallow update not allowed\)/)
  t.match(refused.stderr, /shallow clone[\s\S]*git fetch --unshallow/)
  t.same(await remoteRefs(receiver), before)
  await project.git('-C', shallow, 'fetch', '-q', '--unshallow')
  const whole = await project.tryGit(...ssh, 'push', receiver.url('acme/hello-web'), 'main')
  t.equal(whole.code, 0, whole.stderr)
})

t.test('a commit without the environment that its branch means is told to rebase', async (t) => {
  await project.commit('No dev', { '.hostenv/hostenv.nix': quietModule({ main: 'type = "testing";' }) })
  const before = await standing(receiver, 'dev')
  const pushed = await project.push(receiver, 'main:dev', { flags: ['--force'] })
  t.equal(pushed.code, 1)
  t.same(rejected(pushed), { dev: 'this commit does not declare dev' })
  t.match(pushed.stderr, /Merge or rebase onto main/)
  t.same(await standing(receiver, 'dev'), before)
})
