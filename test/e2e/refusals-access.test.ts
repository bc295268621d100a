// Who may push what: keys of one environment, keys of another project, and keys that nobody knows.
import { copyFileSync } from 'node:fs'
import t from 'tap'
import { documents } from '../../src/report/words/schema.ts'
import { get } from '../helpers/http.ts'
import { type Key, makeKey } from '../helpers/keys.ts'
import { quietModule } from '../helpers/module.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { listing, remoteRefs, standing } from '../helpers/standing.ts'

const receiver = await startReceiver(t)
const [alice, bob, eve] = (await Promise.all(
  ['alice', 'bob', 'eve'].map((name) => makeKey(receiver.directory, name)),
)) as [Key, Key, Key]
const user = (name: string, key: Key) => `users.${name}.publicKeys = [ ${JSON.stringify(key.publicKey)} ];`
const file = '.hostenv/hostenv.nix'
const policy = (dev: string, main = '', rest = '') =>
  quietModule({ main: `type = "production"; ${main}`, dev: `type = "development"; ${dev}`, staging: '' }, rest)
const project = await makeProject(t, 'hello-web', { [file]: policy(user('alice', alice)) })
const shop = await makeProject(t, 'hello-web', { [file]: policy(user('bob', bob)) })
const name = 'acme/hello-web'

function reasons(stderr: string): string[] {
  return [...stderr.matchAll(/\[remote rejected\].* \((.*?)(?:; log d\d+)?\)/g)].map(([, reason = '']) => reason)
}

t.test('a key that nobody knows gets nowhere, whatever it asks for', async (t) => {
  const kept = listing(receiver)
  for (const words of [['envs'], ['whoami'], ['help'], [`git-receive-pack '${name}.git'`]]) {
    const asked = await receiver.sshAs(eve, words)
    t.equal(asked.code, 255)
    t.match(asked.stderr, /Permission denied \(publickey\)/)
    t.equal(asked.stdout, '')
  }
  const pushed = await project.push(receiver, 'main', { key: eve })
  t.equal(pushed.code, 128)
  t.match(pushed.stderr, /Permission denied \(publickey\)/)
  t.same(listing(receiver), kept)
})

t.test(
  'a key that is offered but not proven is no key: the public half of an administrator does not help',
  async (t) => {
    const liar = { ...eve, file: `${receiver.directory}/liar`, publicFile: `${receiver.directory}/liar.pub` }
    copyFileSync(eve.file, liar.file)
    copyFileSync(receiver.key.publicFile, liar.publicFile)
    const pushed = await project.push(receiver, 'main', { key: liar })
    t.equal(pushed.code, 128)
    t.match(pushed.stderr, /Permission denied \(publickey\)/)
    t.same(await remoteRefs(receiver), new Map())
  },
)

t.test('before there is a policy only the administrator may push', async (t) => {
  t.equal((await project.push(receiver, 'main', { key: alice })).code, 128)
  for (const [one, called] of [
    [project, name],
    [shop, 'acme/shop'],
  ] as const) {
    const pushed = await one.push(receiver, 'main', { name: called })
    t.equal(pushed.code, 0, pushed.stderr)
  }
})

t.test('a user of one environment may push that one, and is told of the others that they are not theirs', async (t) => {
  const pushed = await project.push(receiver, ['main:dev', 'main:staging'], { key: alice })
  t.equal(pushed.code, 1)
  t.match(pushed.stderr, /\[new branch\] +main -> dev/)
  t.same(reasons(pushed.stderr), ['no right to deploy to staging'])
  t.match(pushed.stderr, /alice may not deploy to staging/)
  await project.commit('Next')
  const before = await remoteRefs(receiver)
  const canonical = await project.push(receiver, 'main', { key: alice })
  t.same(reasons(canonical.stderr), ['no right to deploy to main'])
  t.match(canonical.stderr, /environments\."main"\.users/)
  for (const spec of [':main', ':staging', 'main:refs/tags/main', 'main:refs/tags/staging']) {
    const refused = await project.push(receiver, spec, { key: alice, flags: ['--force'] })
    t.equal(refused.code, 1, spec)
  }
  t.same(await remoteRefs(receiver), before)
  const release = documents.releases.parse(
    JSON.parse((await receiver.sshAs(alice, ['releases', 'dev', '--json'])).stdout),
  )
  t.match(release, [{ key: 'dev', n: 1, by: 'alice' }])
})

t.test('a user cannot delete what means nothing any more', async (t) => {
  // A branch that was declared once.
  await project.commit('With old', { [file]: policy(user('alice', alice)).replace('"staging"', '"old"') })
  t.equal((await project.push(receiver, ['main', 'main:old'])).code, 0)
  await project.commit('Without', { [file]: policy(user('alice', alice)) })
  t.equal((await project.push(receiver, 'main')).code, 0)
  const refused = await project.push(receiver, ':old', { key: alice })
  t.equal(refused.code, 1)
  t.same(reasons(refused.stderr), ['no right to delete old'])
  t.ok((await remoteRefs(receiver)).has('refs/heads/old'))
})

t.test('a user sees only the own project', async (t) => {
  const envs = documents.envs.parse(JSON.parse((await receiver.sshAs(alice, ['envs', '--json'])).stdout))
  t.same(new Set(envs.map((one) => one.project)), new Set(['acme/helloweb']))
  const me = documents.whoami.parse(JSON.parse((await receiver.sshAs(alice, ['whoami', '--json'])).stdout))
  t.same(me, { name: 'alice', fingerprint: alice.fingerprint, admin: false, projects: ['acme/helloweb'] })
  t.notMatch((await receiver.sshAs(alice, ['releases'])).stdout, 'shop')
})

t.test('unknown and forbidden projects answer alike, byte for byte', async (t) => {
  const kept = listing(receiver)
  const alike = (text: string, called: string) =>
    text.replaceAll(called, 'NAME').replaceAll(called.replace('acme/', ''), 'NAME')
  for (const words of [
    (called: string) => [`git-receive-pack '${called}.git'`],
    (called: string) => [`git-upload-pack '/${called}'`],
    (called: string) => ['releases', '-p', called],
    (called: string) => ['releases', `${called}:main`],
    (called: string) => ['logs', `${called}:main`],
    (called: string) => ['envs', '-p', called, '--json'],
  ]) {
    const [forbidden, unknown] = await Promise.all(
      ['acme/shop', 'acme/none'].map(async (called) => {
        const { code, stdout, stderr } = await receiver.sshAs(alice, words(called))
        return { code, stdout: alike(stdout, called), stderr: alike(stderr, called) }
      }),
    )
    t.same(forbidden, unknown, words('X').join(' '))
    t.equal(forbidden?.code, 1)
    t.ok(forbidden?.stderr)
  }
  const log = async (deploy: string) => {
    const { code, stdout, stderr } = await receiver.sshAs(alice, ['logs', deploy])
    return { code, stdout, stderr: stderr.replace(/d\d+/g, 'dN') }
  }
  const deploys = documents.releases.parse(
    JSON.parse((await receiver.ssh('releases', 'acme/shop:main', '--json')).stdout),
  )
  t.equal(deploys.length, 1)
  // The second deploy that arrived was the first of acme/shop.
  t.equal((await receiver.ssh('logs', 'd2')).code, 0)
  t.same(await log('d2'), await log('d999'))
  for (const called of ['acme/shop', 'acme/none', 'evil/hello-web']) {
    const pushed = await project.push(receiver, 'main', { name: called, key: alice })
    t.equal(pushed.code, 128)
    t.match(pushed.stderr, `no project ${called.replace('-', '')}, or no right to it`)
  }
  t.same(listing(receiver), kept)
})

t.test('policy fields of a feature branch do not take effect, and one line says so', async (t) => {
  const evil = quietModule({
    main: '',
    dev: `type = "testing"; virtualHosts."shop.example.org" = { }; ${user('alice', alice)} ${user('eve', eve)}`,
    staging: user('alice', alice),
    extra: user('alice', alice),
  })
  await project.git('checkout', '-q', '-b', 'feature')
  await project.commit('More rights', { [file]: evil })
  const pushed = await project.push(receiver, 'feature:dev', { key: alice })
  t.equal(pushed.code, 0, pushed.stderr)
  const notes = pushed.lines.filter(({ text }) => text.includes('takes effect when main is deployed'))
  t.equal(notes.length, 1, pushed.stderr)
  t.match(pushed.stderr, /type, users, virtualHosts/)
  t.match(pushed.stderr, /→ dev \(development\)/)
  const envs = documents.envs.parse(JSON.parse((await receiver.ssh('envs', '-p', name, '--json')).stdout))
  t.match(
    envs.find(({ key }) => key === 'dev'),
    { type: 'development', state: 'live' },
  )
  t.notOk(envs.some(({ key }) => key === 'extra'))
  t.equal((await receiver.sshAs(eve, ['whoami'])).code, 255, 'eve is nobody')
  t.same(reasons((await project.push(receiver, 'feature:staging', { key: alice })).stderr), [
    'no right to deploy to staging',
  ])
  t.same(reasons((await project.push(receiver, 'feature:extra', { key: alice })).stderr), ['no environment for extra'])
  t.equal((await get(receiver.httpPort, 'shop.example.org')).status, 404)
  t.match(await standing(receiver, 'dev'), { release: 2, commit: (await project.git('rev-parse', 'feature')).trim() })
  await project.git('checkout', '-q', 'main')
})

for (const [what, rest] of [
  ['does not build', 'activate = "$' + '{pkgs.runCommand "page" { } "exit 3"}/x";'],
  ['does not activate', 'activate = "exit 1";'],
]) {
  t.test(`a canonical push that ${what} still takes away access, and gives none`, async (t) => {
    t.equal((await project.push(receiver, 'main')).code, 0)
    t.equal((await receiver.sshAs(alice, ['whoami'])).code, 0)
    const before = await standing(receiver, 'main')
    await project.commit('Alice goes, Eve comes', { [file]: policy(user('eve', eve), user('eve', eve), rest) })
    const pushed = await project.push(receiver, 'main')
    t.equal(pushed.code, 1, pushed.stderr)
    t.same(await standing(receiver, 'main'), before)
    t.equal((await receiver.sshAs(alice, ['whoami'])).code, 255, 'alice is out at once')
    t.equal((await receiver.sshAs(eve, ['whoami'])).code, 255, 'eve is not in')
    t.equal((await project.push(receiver, 'main:dev', { key: alice })).code, 128)
    await project.git('reset', '-q', '--hard', 'HEAD^')
    await project.commit('Alice is back', { [file]: policy(user('alice', alice)) })
  })
}

t.test('a canonical push that does not build still lowers a role, protects and requires', async (t) => {
  const maintainer = user('alice', alice).replace('publicKeys', 'role = "maintainer"; users.alice.publicKeys')
  const tags = 'environments.staging.releaseTags = "v*";'
  const open = policy(maintainer, '', tags)
  await project.commit('Alice maintains', { [file]: open })
  t.equal((await project.push(receiver, 'main')).code, 0)
  t.equal((await project.push(receiver, 'main:dev', { key: alice, flags: ['--force'] })).code, 0)
  const fails = 'activate = "$' + '{pkgs.runCommand "page" { } "exit 3"}/x";'
  const closed = policy(
    `protected = true; ${user('alice', alice)}`,
    '',
    `environments.staging.requires = "dev"; ${tags} ${fails}`,
  )
  await project.commit('Alice deploys, to what is not protected', { [file]: closed })
  t.equal((await project.push(receiver, 'main')).code, 1)
  await project.git('reset', '-q', '--hard', 'HEAD^')
  await project.commit('Next')
  t.same(reasons((await project.push(receiver, 'main:dev', { key: alice, flags: ['--force'] })).stderr), [
    'no right to deploy to dev',
  ])
  await project.git('tag', 'v1')
  const tagged = await project.push(receiver, 'v1')
  t.match(reasons(tagged.stderr), [/^[0-9a-f]{7} was never live in dev, which staging requires$/])
  await project.git('tag', '-d', 'v1')
  t.equal((await project.push(receiver, 'main')).code, 0, 'a push that becomes live gives all of it back')
  t.equal((await project.push(receiver, 'main:dev', { key: alice, flags: ['--force'] })).code, 0)
  await project.commit('As before', { [file]: policy(user('alice', alice)) })
})

t.test('a canonical push that does not even evaluate changes nothing', async (t) => {
  t.equal((await project.push(receiver, 'main')).code, 0)
  await project.commit('No words', { [file]: '{ pkgs, ... }: {' })
  t.equal((await project.push(receiver, 'main')).code, 1)
  t.equal((await receiver.sshAs(alice, ['whoami'])).code, 0)
})
