// Alice may push previews and nothing else. Each test is something that she tries in order to get more: with what her branch says of
// itself, with names, with tags, with pushes of several refs. The canonical branch alone decides; she hears so in one line.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { agree, record, refOf } from '../helpers/agree.ts'
import { get } from '../helpers/http.ts'
import { makeKey } from '../helpers/keys.ts'
import { quietModule, webModule } from '../helpers/module.ts'
import { makeProject, type Pushed } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { hostname } from '../helpers/standing.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const directory = tempDir(t, 'pa')
const [alice, bob, eve, tess] = await Promise.all(
  ['alice', 'bob', 'eve', 'tess'].map((name) => makeKey(directory, name)),
)
const name = 'acme/helloweb'
const config = join(directory, 'hostenv.yaml')
// The operator grants the host name to the project: which of its environments has it is the policy's to say. What Tess is in
// another project follows from the type of its environments, which is the policy's, too.
const typed = { production: 'viewer', testing: 'deployer', development: 'maintainer' }
writeFileSync(
  config,
  JSON.stringify({
    users: { tess: { keys: [tess?.publicKey] } },
    projects: { [name]: { domains: ['shop.example.org'] }, 'acme/typed': { access: { tess: typed } } },
  }),
)
// What counts here is who may do what, whether or not this machine can isolate builds.
const receiver = await startReceiver(t, { args: ['--config', config, '--allow-unsandboxed-builds'] })

const file = '.hostenv/hostenv.nix'
const quick = 'deploymentVerification = { upFor = 0; timeout = 5; };'
const user = (who: string, key: { publicKey: string } | undefined) =>
  `users.${who}.publicKeys = [ ${JSON.stringify(key?.publicKey)} ];`
const pattern = (more = '') => `previews."feature/*" = { ttl = "14d"; max = 20; ${more} };`
const environments = {
  main: `type = "production"; virtualHosts."shop.example.org" = { }; releaseTags = "v*"; ${quick}`,
  staging: `${quick} ${user('bob', bob)}`,
  off: 'enable = false;',
}
const module = (
  more: Partial<typeof environments> & Record<string, string> = {},
  rest = pattern(user('alice', alice)),
) => webModule({ ...environments, ...more }, rest)
const project = await makeProject(t, 'hello-web', { [file]: module() })

const words = ({ lines }: Pushed) => lines.map(({ text }) => text.replace(/^remote: /, '')).join('\n')
const reason = ({ stderr }: Pushed) =>
  /\[remote rejected\].* \((.*?)(?:; log d\d+)?\)$/m.exec(stderr)?.[1] ?? 'accepted'
const asAlice = (refs: string | string[], settings: object = {}) =>
  project.push(receiver, refs, { key: alice, ...settings } as never)
const head = async (ref = 'HEAD') => (await project.git('rev-parse', ref)).trim()
const view = async (key: string) =>
  (JSON.parse((await receiver.ssh('envs', '--json')).stdout) as Record<string, unknown>[]).find(
    (one) => one.key === key,
  )
const policy = () => record(receiver, 'SELECT policy, policy_commit FROM project WHERE name = ?', name)

let first = ''
t.test('the canonical branch is live', async (t) => {
  const pushed = await project.push(receiver, 'main')
  t.equal(pushed.code, 0, pushed.stderr)
  first = await head()
})

/** Pushes a commit whose own manifest says `text` as a preview of Alice's, and checks that nothing but a preview came of it. */
async function attack(t: Test, branch: string, text: string, said: RegExp | null): Promise<void> {
  await project.git('checkout', '-q', '-B', 'attack', first)
  const commit = await project.commit(branch, { [file]: text, 'greeting.txt': `${branch}\n` })
  const before = policy()
  const pushed = await asAlice(`HEAD:refs/heads/${branch}`)
  t.equal(pushed.code, 0, pushed.stderr)
  t.match(words(pushed).replace(/\s+/g, ' '), `→ ${branch} (preview of main, expires in 14 days)`)
  const notes =
    words(pushed)
      .replace(/\n +/g, ' ')
      .match(/[^\n]*takes effect when main is deployed/g) ?? []
  t.equal(notes.length, said === null ? 0 : 1, pushed.stderr)
  if (said !== null) t.match(notes[0], said)
  t.same(await agree(receiver, name, branch, { live: commit, branch: commit }), [])
  t.match(await view(branch), { kind: 'preview', type: 'development' })
  t.same(policy(), before, 'the policy is what it was')
  t.same(await agree(receiver, name, 'main', { live: first, branch: first }), [], 'production is what it was')
  t.match((await get(receiver.httpPort, 'shop.example.org')).body, 'Hello from hostenv\nmain, release 1')
}

t.test('a branch that calls itself the gitRef of production is a preview', async (t) => {
  await attack(
    t,
    'feature/ref',
    module({ main: `${environments.main} hostenv.gitRef = "feature/ref";` }),
    /environments\."main"\.hostenv\.gitRef/,
  )
  t.equal(await refOf(receiver, name, 'refs/heads/main'), first)
})

t.test('a branch that declares itself, as production, is a preview', async (t) => {
  await attack(
    t,
    'feature/self',
    module({ main: quick, 'feature/self': `type = "production"; ${quick} ${user('eve', eve)}` }),
    /environments\."main"\.type.* more/,
  )
  const page = await get(receiver.httpPort, hostname('feature/self', name))
  t.equal(page.headers['x-robots-tag'], 'noindex', 'it is no production to the front door')
  t.equal((await receiver.sshAs(eve as never, ['whoami'])).code, 255)
})

t.test('a branch cannot name users, of an environment or of its pattern', async (t) => {
  await attack(
    t,
    'feature/users',
    module(
      { main: `${environments.main} ${user('eve', eve)}`, staging: `${quick} ${user('alice', alice)}` },
      pattern(`${user('eve', eve)} ${user('alice', alice)}`),
    ),
    /previews\."feature\/\*"/,
  )
  t.equal((await receiver.sshAs(eve as never, ['whoami'])).code, 255, 'eve is nobody')
  t.match(reason(await asAlice('HEAD:refs/heads/staging')), /^no right to deploy to staging/)
  t.match(reason(await asAlice('HEAD:refs/heads/main', { flags: ['--force'] })), /^no right to deploy to main/)
})

t.test(
  'a branch cannot make patterns, nor change its own: not its type, its time, its number, or what it extends',
  async (t) => {
    await attack(
      t,
      'feature/pattern',
      module(
        {},
        `${pattern(`${user('alice', alice)} type = "testing"; extends = "staging";`)
          .replace('14d', '9999w')
          .replace('max = 20', 'max = 9999')}
       previews."*".ttl = null;`,
      ),
      /previews\."feature\/\*"/,
    )
    t.equal(reason(await asAlice('HEAD:refs/heads/anything')), 'no environment for anything')
    t.equal(reason(await asAlice('HEAD:refs/heads/off')), 'no environment for off')
  },
)

t.test('a branch cannot take a host name, though the operator grants it to the project', async (t) => {
  await attack(
    t,
    'feature/host',
    module({ main: quick, 'feature/host': `${quick} virtualHosts."shop.example.org" = { };` }),
    /environments\."main"\.virtualHosts/,
  )
})

t.test('a branch cannot switch its checks off', async (t) => {
  await project.git('checkout', '-q', '-B', 'attack', first)
  // A death ends the check at once, however late a slow machine comes to it.
  const lax = environments.main.replace(quick, 'deploymentVerification = { enable = false; upFor = 20; };')
  await project.commit('Lax', { [file]: module({ main: lax }), 'server.js': 'process.exit(3)\n' })
  const pushed = await asAlice('HEAD:refs/heads/feature/lax')
  t.match(reason(pushed), /^web died: exit 3/)
})

t.test('a branch cannot have the names of another environment', async (t) => {
  await project.git('checkout', '-q', '-B', 'attack', first)
  for (const [fact, value] of [
    ['userName', 'helloweb-staging-0000000'],
    ['dataDir', '/etc'],
    ['organisation', 'other'],
  ]) {
    await project.commit(`Names ${fact}`, {
      [file]: module({ main: `${environments.main} hostenv.${fact} = "${value}";` }),
    })
    const pushed = await asAlice('HEAD:refs/heads/feature/names')
    t.equal(pushed.code, 1)
    t.match(reason(pushed), new RegExp(`main: hostenv\\.${fact} is '${value}', must be`))
  }
  t.same(await agree(receiver, name, 'main', { live: first, branch: first }), [])
})

t.test('tags are no way around: neither those that release, nor one that is called like an environment', async (t) => {
  await project.git('checkout', '-q', '-B', 'attack', first)
  await project.commit('Any tag', { [file]: module({ main: environments.main.replace('"v*"', '"*"') }) })
  for (const tag of ['v1', 'main', 'staging']) {
    const pushed = await asAlice(`HEAD:refs/tags/${tag}`)
    t.match(reason(pushed), /^no right to deploy to (main|staging)/, tag)
  }
  t.equal(
    reason(await asAlice('HEAD:refs/tags/x1')),
    'no environment for tag x1',
    "only her own branch's releaseTags match it",
  )
  t.equal(
    reason(await asAlice('HEAD:refs/tags/feature/ref')),
    'no environment for tag feature/ref',
    'tags make no previews',
  )
  t.same(await agree(receiver, name, 'main', { live: first, branch: first }), [])
})

t.test('several refs are no way around either', async (t) => {
  await project.git('checkout', '-q', '-B', 'attack', first)
  await project.commit('All at once', { [file]: module({ main: `${environments.main} ${user('alice', alice)}` }) })
  const refs = ['HEAD:refs/heads/main', 'HEAD:refs/heads/feature/all']
  const atomic = await asAlice(refs, { flags: ['--atomic'] })
  t.equal(atomic.code, 1)
  t.equal(await refOf(receiver, name, 'refs/heads/feature/all'), null)
  const both = await asAlice(refs)
  t.match(both.stderr, /\[remote rejected\] HEAD -> main \(no right to deploy to main/)
  t.match(both.stderr, /\[new branch\] +HEAD -> feature\/all/)
  for (const settings of [{ options: ['env=main'] }, { options: ['env=staging'] }])
    t.match(reason(await asAlice('HEAD:refs/heads/feature/all2', settings)), /^no right to deploy to (main|staging)/)
  t.match(
    reason(await asAlice('HEAD:refs/heads/main', { options: ['env=feature/all'] })),
    /^no right to deploy to main/,
  )
  t.same(await agree(receiver, name, 'main', { live: first, branch: first }), [])
})

t.test('what the canonical branch takes away is gone though its build fails: users, and whole patterns', async (t) => {
  const fails = `activate = "\${pkgs.runCommand "page" { } "exit 3"}/x";`
  const knows = async (key: typeof alice) => (await receiver.sshAs(key as never, ['whoami'])).code === 0
  await project.git('checkout', '-q', 'main')
  for (const [what, text] of [
    ['the user', module({}, `${pattern(user('eve', eve))} ${fails}`)],
    ['the pattern', module({ staging: `${quick} ${user('bob', bob)} ${user('eve', eve)}` }, fails)],
  ] as const) {
    t.ok(await knows(alice), 'alice is somebody')
    await project.commit('Alice goes', { [file]: text })
    const pushed = await project.push(receiver, 'main')
    t.match(reason(pushed), /^build failed: page exit 3/)
    t.notOk(await knows(alice), `${what} is gone at once`)
    t.notOk(await knows(eve), 'and nobody came')
    t.ok(await knows(bob), 'who was not taken away stays')
    t.equal((await asAlice('HEAD:refs/heads/feature/again')).code, 128)
    t.equal(await refOf(receiver, name, 'refs/heads/main'), await head('HEAD~1'))
    await project.commit('Alice is back', { [file]: module(), 'greeting.txt': `Back after ${what}\n` })
    t.equal((await project.push(receiver, 'main')).code, 0)
  }
})

t.test('what is old never comes back as policy: by rollback, by redeploy, by waking', async (t) => {
  await project.commit('Eve was here', { [file]: module({ staging: `${quick} ${user('eve', eve)}` }) })
  t.equal((await project.push(receiver, 'main')).code, 0)
  t.equal((await receiver.sshAs(eve as never, ['whoami'])).code, 0)
  await project.commit('Eve is gone', { [file]: module() })
  t.equal((await project.push(receiver, 'main')).code, 0)
  const now = policy()
  for (const words of [
    ['rollback', 'main'],
    ['redeploy', 'main'],
    ['pause', 'main', '--confirm', 'main'],
    ['wake', 'main'],
  ]) {
    const done = await receiver.ssh(...words)
    t.equal(done.code, 0, done.stderr)
    t.same(policy(), now, words.join(' '))
    t.equal((await receiver.sshAs(eve as never, ['whoami'])).code, 255, 'eve stays out')
  }
})

t.test('words ask for the same rights', async (t) => {
  for (const words of [
    ['pause', 'main', '--confirm', 'main'],
    ['destroy', 'staging', '--confirm', 'staging'],
    ['rollback', 'main'],
    ['renew', 'main'],
  ]) {
    const refused = await receiver.sshAs(alice as never, words)
    t.equal(refused.code, 1, words.join(' '))
    t.match(refused.stderr, /no right to|may not/)
  }
  for (const words of [
    ['pause', 'feature/ref'],
    ['wake', 'feature/ref'],
    ['renew', 'feature/ref'],
    ['destroy', 'feature/ref'],
  ]) {
    const done = await receiver.sshAs(alice as never, words)
    t.equal(done.code, 0, done.stderr)
  }
})

t.test('no environment becomes one of a type in which its pusher is more', async (t) => {
  const typedModule = (more: Record<string, string> = {}, rest = '') =>
    quietModule({ main: 'type = "testing";', prod: 'type = "production";', dev: '', ...more }, rest)
  const other = await makeProject(t, 'hello-web', { [file]: typedModule() })
  const push = (refs: string | string[], settings: object = {}) =>
    other.push(receiver, refs, { name: 'acme/typed', ...settings } as never)
  const policy = () => record(receiver, 'SELECT policy, policy_commit FROM project WHERE name = ?', 'acme/typed')
  t.equal((await push(['main', 'main:prod', 'main:dev'])).code, 0)
  const before = policy()
  const maintains = `users.tess = { publicKeys = [ ${JSON.stringify(tess?.publicKey)} ]; role = "maintainer"; };`
  const mine = `type = "production"; ${maintains}`
  for (const [what, text, options, said] of [
    ['a role for herself', typedModule({ prod: mine }), [], 'environments."prod".users.tess is added'],
    [
      'main as a development environment',
      typedModule({ main: '' }),
      [],
      'environments."main".type is development, not testing',
    ],
    ['both at once', typedModule({ main: '', prod: mine }), [], 'environments."main".type is development, not testing'],
    [
      'the branch led to a development environment',
      typedModule({ main: 'type = "testing"; hostenv.gitRef = "x";', dev: 'hostenv.gitRef = "main";' }),
      [],
      'the canonical branch means dev, not main',
    ],
    [
      'the branch led to nothing, in a push that goes elsewhere',
      typedModule({ main: 'type = "testing"; enable = false;' }, 'defaultEnvironment = "prod";'),
      ['env=dev'],
      'the canonical branch means nothing, not main',
    ],
  ] as const) {
    await other.commit(what, { [file]: text })
    const pushed = await push('main', { key: tess, options })
    t.match(reason(pushed), /^no right to change who may do what in main/, what)
    t.match(words(pushed).replace(/\n +/g, ' '), said, what)
    t.same(policy(), before, 'the policy is what it was')
    await other.git('reset', '-q', '--hard', 'HEAD^')
  }
  await other.commit('An environment of her own', { [file]: typedModule({ mine: '' }) })
  t.equal(reason(await push('main', { key: tess })), 'accepted', "what is new is nobody else's")
  t.equal(reason(await push('main:mine', { key: tess })), 'accepted')
  t.match(reason(await push('main:prod', { key: tess })), /^no right to deploy to prod/)
})
