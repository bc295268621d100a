import { readFileSync } from 'node:fs'
import { PassThrough, Readable } from 'node:stream'
import t from 'tap'
import type { ProjectId, Release } from '../../../../src/records.ts'
import type { AdministrationVerbs } from '../../../../src/report/words/administration.ts'
import { runWord, words } from '../../../../src/report/words/run-word.ts'
import { documents } from '../../../../src/report/words/schema.ts'
import type { DeployView, EnvironmentView, Views, WordContext } from '../../../../src/report/words/views.ts'

const oid = (digit: string) => digit.repeat(40)
const shop: ProjectId = { organisation: 'acme', project: 'shop' }
const blog: ProjectId = { organisation: 'acme', project: 'blog' }
const secret: ProjectId = { organisation: 'rival', project: 'secret' }
const name = (project: ProjectId) => `${project.organisation}/${project.project}`

const environment = (project: ProjectId, key: string, more: Partial<EnvironmentView> = {}): EnvironmentView => ({
  project: name(project),
  key,
  kind: 'declared',
  type: key === 'main' ? 'production' : 'development',
  state: 'live',
  url: `http://${project.project}-${key.replace(/.*\//, '')}-4f7240c.localhost:8080`,
  hostname: `${project.project}-${key.replace(/.*\//, '')}-4f7240c.localhost`,
  release: 2,
  commit: oid('3'),
  expiresAt: null,
  note: null,
  ...more,
})
const release = (project: ProjectId, key: string, n: number): Release => ({
  project: name(project),
  key,
  n,
  generation: n,
  answers: null,
  commit: oid(String(n)),
  tree: oid('a'),
  storePath: `/nix/store/${'0'.repeat(32)}-x`,
  deploy: n,
  by: 'alice',
  at: `2026-01-0${n}T10:00:00.000Z`,
  outcome: n === 2 ? 'live' : 'superseded',
  label: null,
  closureBytes: null,
  since: null,
  stages: { build: 1200 },
})
const deploy = (id: number, project: ProjectId, key = 'main'): DeployView => ({
  id,
  project,
  key,
  kind: 'push',
  ref: `refs/heads/${key}`,
  commit: oid('3'),
  stage: 'done',
  reason: null,
  at: '2026-01-02T10:00:00.000Z',
  by: 'alice',
  logFile: '/log',
})

const person = { fingerprint: 'SHA256:abc', user: 'bob', comment: 'bob@laptop', source: 'word' } as const

/** Each says what it was asked. */
function administration(said: { out: string }): AdministrationVerbs {
  const say = (text: string) => {
    said.out += `${text}\n`
  }
  return {
    users: () => [{ name: 'bob', administrator: false, keys: 1, source: 'word' }],
    addUser: (_who, name, administrator) => say(`addUser ${name} ${administrator}`),
    removeUser: (_who, name) => say(`removeUser ${name}`),
    keys: () => [person],
    addKey: (_who, user, line) => {
      say(`addKey ${user} ${line}`)
      return person
    },
    removeKey: () => person,
    access: () => [{ project: 'acme/shop', user: 'bob', role: 'deployer', source: 'file' }],
    setAccess: (_who, project, user, role) => say(`setAccess ${project} ${user} ${role}`),
    projects: () => [{ project: 'acme/shop', commit: null, environments: 2 }],
    addProject: (_who, project) => project,
    renameProject: async (_who, from, to) => say(`rename ${from} ${to}`),
    removeProject: async (_who, project, confirm) => say(`remove ${project} ${confirm}`),
    audit: (_who, project, key, lines) => [
      {
        ...{
          at: '2026-01-02T10:00:00.000Z',
          who: 'bob',
          fingerprint: 'SHA256:abc',
          from: '127.0.0.1 5',
          action: 'push',
        },
        ...{ project, key, subject: `${lines} lines`, allowed: false, why: 'viewer, needs deployer' },
      },
    ],
  }
}

async function run(argv: string[], accessible = [shop], more: Partial<Views> = {}) {
  const said = { out: '', err: '' }
  const views: Views = {
    projects: () => accessible,
    environments: (project) =>
      project === shop
        ? [environment(shop, 'main', { note: 'main is at 1111111, not live' }), environment(shop, 'feature/foo')]
        : [environment(project, 'main')],
    releases: async (project, key) =>
      key === 'feature/foo' ? [] : [release(project, key, 2), release(project, key, 1)],
    deploy: (id) => (id === 41 ? deploy(41, shop) : id === 42 ? deploy(42, secret) : null),
    latestDeploy: (project, key) => (key === 'main' ? deploy(41, project, key) : null),
    readLog: async function* () {
      yield 'one \u001b[31mred\u001b[0m\ntw'
      yield 'o\n'
      yield 'end'
    },
    followLog: async function* () {
      yield 'one\n'
      yield 'two\n'
    },
    ...more,
  }
  const context: WordContext = {
    verbs: {
      changes: async () => ({ release: 1, deltaBytes: 2048, changes: ['shop 2.3 → 2.4'] }),
      ...administration(said),
      rollback: async (_asked, to) => ({ ok: true, deploy: 7, release: to }),
      processes: async () => [{ name: 'web', state: 'up', seconds: 3661, lastEnd: null }],
      run: async (_asked, argv) => argv.length,
      restart: async (_asked, process) => (process === null ? ['web', 'worker'] : [process]),
      processLog: async function* (_asked, { process, lines, follow }) {
        yield `${process} ${lines} ${follow}\n`
      },
      cancel: async () => undefined,
      redeploy: async () => ({ ok: false, deploy: 8, reason: 'activate failed: exit 1; log d8' }),
      pause: async (_asked, confirm) =>
        confirm === null
          ? { ok: false, deploy: 9, reason: 'main is production; log d9' }
          : { ok: true, deploy: 9, release: null },
      wake: async () => ({ ok: true, deploy: 10, release: 2 }),
      destroy: async (_asked, confirm) => ({ ok: true, deploy: 11, release: confirm === null ? null : 1 }),
      renew: (_asked, ttl) =>
        ttl === '99w'
          ? { ok: false, reason: 'a preview of this pattern lives 14d at most' }
          : { ok: true, expiresAt: ttl === null ? null : '2026-12-01T10:00:00.000Z', in: 7 * 86_400_000 },
    },
    peer: '127.0.0.1 4242',
    pusher: { name: 'alice', fingerprint: 'SHA256:abc', admin: false },
    stdout: (text) => {
      said.out += text
    },
    stderr: async (text) => {
      said.err += text
    },
    views,
    client: {
      ...{ stdin: Readable.from([]), stdout: new PassThrough(), stderr: new PassThrough() },
      ...{ terminal: null, onSignal: () => undefined },
    },
  }
  return { code: await runWord(argv, context), ...said }
}

t.test('envs shows what is live, and what is not what the branch says', async (t) => {
  t.strictSame(await run(['envs']), {
    code: 0,
    err: '',
    out: [
      'KEY          TYPE         STATE  REL  COMMIT',
      'main         production   live   2    3333333',
      '  http://shop-main-4f7240c.localhost:8080',
      '  main is at 1111111, not live',
      'feature/foo  development  live   2    3333333',
      '  http://shop-foo-4f7240c.localhost:8080',
      '',
    ].join('\n'),
  })
  const two = await run(['envs'], [shop, blog])
  t.match(
    two.out,
    /^acme\/shop\n {2}KEY[\s\S]*^acme\/blog\n {2}KEY .* URL\n {2}main .* http:\/\/blog-main-4f7240c\.localhost:8080$/m,
  )
  t.notMatch((await run(['envs', '-p', 'acme/blog'], [shop, blog])).out, 'shop')
  t.match(await run(['envs'], []), { code: 0, out: /no environments yet/ })
})

t.test('envs --json is exactly the interface', async (t) => {
  const { out, code } = await run(['envs', '--json'])
  const [main] = JSON.parse(out)
  t.equal(code, 0)
  t.strictSame(Object.keys(main), [
    'project',
    'key',
    'kind',
    'type',
    'state',
    'url',
    'hostname',
    'release',
    'commit',
    'expiresAt',
  ])
  t.strictSame(documents.envs.parse(JSON.parse(out)), JSON.parse(out))
})

t.test('releases of one, of all, and as JSON', async (t) => {
  t.equal(
    (await run(['releases', 'main'])).out,
    [
      'REL  COMMIT   OUTCOME     AT                 BY',
      '2    2222222  live        2026-01-02 10:00Z  alice',
      '1    1111111  superseded  2026-01-01 10:00Z  alice',
      '',
    ].join('\n'),
  )
  t.match((await run(['releases'])).out, /^main\n {2}REL[\s\S]*^feature\/foo\n {2}no releases yet$/m)
  const json = JSON.parse((await run(['releases', '--json'])).out)
  t.strictSame(
    json.map((one: Release) => one.n),
    [2, 1],
  )
  t.strictSame(documents.releases.parse(json), json)
  t.match(await run(['releases'], [shop, blog]), { code: 2, err: /acme\/shop\n {2}acme\/blog/ })
  t.match(await run(['releases', '-p', 'acme/blog'], [shop, blog]), { code: 0, out: /^REL/ })
})

t.test('an environment can be said in three ways', async (t) => {
  for (const argv of [
    ['releases', 'acme/blog:main'],
    ['releases', 'main', '-p', 'acme/blog'],
    ['releases', '-pacme/blog', 'main'],
    ['releases', '--project=Acme/Blog.git', 'main'],
    ['releases', '--json', '--project', 'ac-me/blog', '--', 'main'],
  ])
    t.match(await run(argv, [shop, blog]), { code: 0, out: /2222222/ }, argv.join(' '))
  t.match(await run(['releases', 'main'], [shop, blog]), { code: 2, err: /acme\/shop:main\n {2}acme\/blog:main/ })
  t.match(await run(['releases', 'feature/foo'], [shop, blog]), { code: 2, err: /acme\/shop:feature\/foo/ })
  t.match(await run(['releases', 'acme/shop:main', '-p', 'acme/blog'], [shop, blog]), { code: 1, err: /once/ })
})

t.test('unknown and forbidden answer alike', async (t) => {
  const alike = async (a: string[], b: string[], accessible = [shop]) => {
    const [one, other] = [await run(a, accessible), await run(b, accessible)]
    t.equal(one.code, 1)
    const blank = (text: string) => text.replace(/'[^']*'|d\d+/g, 'X')
    t.strictSame({ ...one, err: blank(one.err) }, { ...other, err: blank(other.err) }, a.join(' '))
  }
  await alike(['releases', 'rival/secret:main'], ['releases', 'no/such:main'])
  await alike(['releases', 'main', '-p', 'rival/secret'], ['releases', 'main', '-p', 'no/such'])
  await alike(['releases', 'acme/shop:nope'], ['releases', 'rival/secret:main'])
  await alike(['releases', '-p', 'rival/secret'], ['releases', '-p', 'no/such'])
  await alike(['envs', '-p', 'rival/secret'], ['envs', '-p', 'no/such'])
  await alike(['logs', 'd42'], ['logs', 'd99'])
  await alike(['logs', '42', '--json'], ['logs', '99', '--json'])
  await alike(['logs', 'rival/secret:main'], ['logs', 'no/such:main'])
})

t.test('logs by number and by environment, without control characters', async (t) => {
  for (const argv of [['d41'], ['41'], ['main'], ['acme/shop:main']])
    t.strictSame(await run(['logs', ...argv]), { code: 0, err: '', out: 'one red\ntwo\nend\n' }, argv.join(' '))
  const json = JSON.parse((await run(['logs', 'd41', '--json'])).out)
  t.strictSame(documents.logs.parse(json), json)
  t.match(json, { deploy: 41, project: 'acme/shop', lines: ['one red', 'two', 'end'] })
  const none = { readLog: async function* () {} }
  t.strictSame(JSON.parse((await run(['logs', 'd41', '--json'], [shop], none)).out).lines, [])
  const gone = {
    // biome-ignore lint/correctness/useYield: it fails before.
    readLog: async function* () {
      throw Object.assign(new Error('gone'), { code: 'ENOENT' })
    },
  }
  for (const argv of [['d41'], ['d41', '--json']])
    t.match(await run(['logs', ...argv], [shop], gone), { code: 1, out: '', err: /There is no log of d41 any more/ })
  t.match(await run(['logs', 'feature/foo']), { code: 1, err: /no deploy yet/ })
  const long = await run(['logs', 'd41'], [shop], {
    readLog: async function* () {
      yield 'x'.repeat(100_000)
    },
  })
  t.equal(long.out.replaceAll('\n', '').length, 100_000)
  t.ok(long.out.split('\n').every((line) => line.length <= 16 * 1024))
})

t.test('whoami and help', async (t) => {
  t.equal((await run(['whoami'])).out, 'alice\nSHA256:abc\nprojects:\n  acme/shop\n')
  t.strictSame(JSON.parse((await run(['whoami', '--json'])).out), {
    name: 'alice',
    fingerprint: 'SHA256:abc',
    admin: false,
    projects: ['acme/shop'],
  })
  const { out } = await run(['help'])
  t.matchSnapshot(out)
  t.ok(out.split('\n').every((line) => line.length <= 80))
  for (const { name } of words) {
    const about = await run(['help', name])
    t.match(about, { code: 0, out: new RegExp(`^${name}( |$)`, 'm') })
    t.ok(
      about.out.split('\n').every((line) => line.length <= 80),
      name,
    )
    t.strictSame(await run([name, '--help']), about)
  }
  t.match((await run(['help', 'logs'])).out, /^logs DEPLOY\|ENV[\s\S]*\n\nENV is .*\nDEPLOY is .*\n$/)
  const json = JSON.parse((await run(['help', '--json'])).out)
  t.strictSame(documents.help.parse(json), json)
})

t.test('docs/reference/words.md has every word as the help writes it', async (t) => {
  const page = readFileSync(new URL('../../../../docs/reference/words.md', import.meta.url), 'utf8')
  const rows = words.map(({ usage }) => `| \`${usage.replace(' [--json]', '').replaceAll('|', '\\|')}\` |`)
  for (const row of rows) t.ok(page.includes(`\n${row}`), row)
})

t.test('what is no word says so, and which there are', async (t) => {
  for (const argv of [['rm', '-rf'], ['bash'], [], ['Envs'], ['__proto__'], ['constructor']]) {
    const { code, out, err } = await run(argv)
    t.equal(code, 1)
    t.equal(out, '')
    t.match(
      err,
      argv.length === 0 ? /^hostenv: Say a word[\s\S]*releases \[ENV/ : /^hostenv: .*word\.\n {2}There are: envs, open/,
    )
  }
  t.notMatch((await run(['\u001b]0;x\u0007evil'])).err, '\u001b')
  t.ok((await run(['x'.repeat(4000)])).err.length < (await run(['x'])).err.length + 100)
})

t.test('wrong usage says what was wrong, then the usage', async (t) => {
  const table: [string[], string][] = [
    [['envs', 'main'], "hostenv: envs does not take 'main'.\nusage: envs [-p ORG/PROJECT] [--watch] [--json]\n"],
    [
      ['logs'],
      'hostenv: logs needs an argument: DEPLOY|ENV.\nusage: logs DEPLOY|ENV [PROCESS] [--follow] [--lines N]\n         [-p ORG/PROJECT] [--json]\n',
    ],
    [['envs', '-p'], 'hostenv: -p takes ORG/PROJECT.\nusage: envs [-p ORG/PROJECT] [--watch] [--json]\n'],
    [['whoami', '-p', 'a/b'], "hostenv: whoami has no option '-p'.\nusage: whoami [--json]\n"],
    [['envs', '--force'], "hostenv: envs has no option '--force'.\nusage: envs [-p ORG/PROJECT] [--watch] [--json]\n"],
    [['help', 'bash'], "hostenv: 'bash' is not a word.\nusage: help [WORD] [--json]\n"],
  ]
  for (const [argv, err] of table) t.strictSame(await run(argv), { code: 1, out: '', err }, argv.join(' '))
})

t.test('words about the life of an environment say what they did, and what has to be confirmed', async (t) => {
  const at = ['-p', 'acme/shop']
  t.strictSame(await run(['pause', 'main', ...at]), {
    ...{ code: 1, out: '', err: 'hostenv: main is production; log d9\n' },
  })
  t.strictSame(await run(['pause', 'main', '--confirm', 'main', ...at]), { code: 0, out: '', err: '' })
  t.match(JSON.parse((await run(['wake', 'main', ...at, '--json'])).out), { ok: true, deploy: 10, release: 2 })
  t.match(JSON.parse((await run(['destroy', 'feature/foo', ...at, '--json'])).out), { ok: true, release: null })
  t.match(await run(['renew', 'feature/foo', ...at]), { code: 0, out: 'feature/foo never expires\n' })
  t.match(await run(['renew', 'feature/foo', '--ttl', '7d', ...at]), {
    ...{ code: 0, out: 'feature/foo expires in 7 days (2026-12-01 10:00Z)\n' },
  })
  t.match(await run(['renew', 'feature/foo', '--ttl', '99w', ...at]), {
    ...{ code: 1, err: 'hostenv: a preview of this pattern lives 14d at most\n' },
  })
  t.match(await run(['renew', 'feature/foo', '--ttl']), { code: 1, err: /--ttl takes a value/ })
})

t.test('words for what runs: each says what it did, and what it takes', async (t) => {
  t.match((await run(['ps', 'main'])).out, /^PROCESS {2}STATE {2}FOR +ENDED LAST\nweb +up +1 h 1 min {2}-\n$/)
  t.strictSame(JSON.parse((await run(['ps', 'main', '--json'])).out), [
    { project: 'acme/shop', key: 'main', name: 'web', state: 'up', seconds: 3661, lastEnd: null },
  ])
  t.equal((await run(['restart', 'main'])).out, 'web restarted\nworker restarted\n')
  t.equal((await run(['restart', 'main', 'web'])).out, 'web restarted\n')
  t.equal((await run(['open', 'main'])).out, 'http://shop-main-4f7240c.localhost:8080\n')
  t.equal((await run(['cancel', 'd41'])).out, 'd41 is cancelled; what is live stays as it is.\n')
  t.match(await run(['cancel', 'd42']), { code: 1, err: /There is no deploy d42 that you may see/ })
  t.match(await run(['cancel', 'main']), { code: 1, err: /A deploy is a number/ })
})

t.test('run takes its command after --, as it is, and passes its exit on', async (t) => {
  t.equal((await run(['run', 'main', '--', 'sh', '-c', 'exit 3', '--json'])).code, 4)
  t.match(await run(['run', 'main']), { code: 1, err: /run needs a command after --/ })
  t.match(await run(['run', 'nowhere', '--', 'env']), { code: 1, err: /no environment 'nowhere' that you may see/ })
  t.match(await run(['run', 'main', 'env']), { code: 1, err: /does not take 'env'/ })
})

t.test('logs follows a deploy to its outcome, and shows what a process wrote', async (t) => {
  t.match(await run(['logs', 'main', '--follow']), { code: 0, out: 'one\ntwo\n' })
  const failed = { deploy: () => ({ ...deploy(41, shop), stage: 'failed', reason: 'build failed' }) }
  t.match(await run(['logs', 'd41', '--follow'], [shop], failed), {
    code: 1,
    err: 'hostenv: d41 was refused: build failed\n',
  })
  t.equal((await run(['logs', 'main', 'web'])).out, 'web 200 false\n')
  t.equal((await run(['logs', 'main', 'web', '--follow', '--lines', '5'])).out, 'web 5 true\n')
  t.match(await run(['logs', 'main', 'web', '--lines', '0']), { code: 1, err: /--lines takes a number/ })
  t.match(await run(['logs', 'main', '--follow', '--json']), { code: 1, err: /prints lines, not a document/ })
})

t.test('words of administrators: what they are to do comes first, and how many words each takes', async (t) => {
  t.equal((await run(['users'])).out, 'USER  ROLE    KEYS  SAID IN\nbob   member  1     word\n')
  t.match((await run(['users', 'add', 'bob', '--administrator'])).out, /^addUser bob true\nbob is added/)
  t.match((await run(['users', 'remove', 'bob'])).out, /^removeUser bob\n/)
  t.match((await run(['keys', 'add', 'bob', 'ssh-ed25519', 'AAAA', 'a b'])).out, /^addKey bob ssh-ed25519 AAAA a b\n/)
  t.match(await run(['keys', 'add', 'bob']), { code: 1, err: /takes one public key/ })
  t.equal((await run(['access', 'acme/shop', 'bob', 'none'])).out.split('\n')[0], 'setAccess acme/shop bob null')
  t.match((await run(['projects', 'rename', 'acme/shop', 'acme/store'])).out, /^rename acme\/shop acme\/store\n/)
  t.match((await run(['projects', 'remove', 'acme/shop'])).out, /^remove acme\/shop null\n/)
  t.match(
    (await run(['projects', 'remove', 'acme/shop', '--confirm', 'acme/shop'])).out,
    /^remove acme\/shop acme\/shop\n/,
  )
  t.match(
    (await run(['audit', 'main', '--lines', '7'])).out,
    /NO +bob +push +acme\/shop:main +7 lines +viewer, needs deployer/,
  )
  for (const document of ['users', 'keys', 'projects', 'audit'] as const)
    t.ok(documents[document].parse(JSON.parse((await run([document, '--json'])).out)), document)
  for (const [said, wrong] of [
    ['users x', "users does not take 'x'; say one of: list, add, remove."],
    ['users add', 'users add takes these arguments: NAME.'],
    ['users list x', 'users list takes these arguments: none.'],
    ['projects rename a/b', 'projects rename takes these arguments: NAME NEW.'],
    ['keys remove', 'keys remove takes these arguments: FINGERPRINT.'],
    ['keys add', 'keys add takes these arguments: USER [KEY…].'],
    ['access a/b c', 'access needs a user and a role, or none.'],
  ] as const) {
    const { code, err } = await run(said.split(' '))
    t.equal(code, 1)
    t.ok(err.startsWith(`hostenv: ${wrong}\nusage: `), err)
  }
  t.match(await run(['keys', 'remove', '']), { code: 1, err: /arguments: FINGERPRINT/ })
})
