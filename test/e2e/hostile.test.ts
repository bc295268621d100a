// Pushes that mean harm: each is refused, says why, and makes nothing.
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { quietModule } from '../helpers/module.ts'
import { makeProject } from '../helpers/project.ts'
import { emptyPack, rawPush, wholePack, zero } from '../helpers/raw-push.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { listing, remoteRefs } from '../helpers/standing.ts'

const receiver = await startReceiver(t)
const file = '.hostenv/hostenv.nix'
const plain = quietModule({ main: '', dev: '' })
const project = await makeProject(t, 'hello-web', { [file]: plain })
const main = (await project.git('rev-parse', 'HEAD')).trim()
const pack = await wholePack(project)

/** Everything that a refused push must leave as it was. */
async function everything() {
  return {
    files: listing(receiver),
    refs: [...(await remoteRefs(receiver))],
    envs: (await receiver.ssh('envs')).stdout,
  }
}

const names: [what: string, ref: string | Buffer, words: RegExp][] = [
  ['a newline that invents a second line', `refs/heads/x\n${zero} ${main} refs/heads/dev`, /control characters/],
  ['a newline at its end', 'refs/heads/dev\n\n', /control characters/],
  ['an option of ssh', 'refs/heads/-oProxyCommand=x', /start with -/],
  ['an option inside', 'refs/heads/x/--upload-pack=x', /start with -/],
  ['HEAD as a branch', 'refs/heads/HEAD', /HEAD or @/],
  ['HEAD as a tag', 'refs/tags/HEAD', /HEAD or @/],
  ['HEAD itself', 'HEAD', /only refs\/heads|funny refname/],
  ['@', 'refs/heads/@', /HEAD or @/],
  ['..', 'refs/heads/..', /check-ref-format|funny refname/],
  ['.. inside', 'refs/heads/a..b', /check-ref-format|funny refname/],
  ['a way out', 'refs/heads/../../../../tmp/x', /check-ref-format|funny refname/],
  ['a way to what is live', 'refs/heads/../hostenv/live/main', /check-ref-format|funny refname/],
  ['.lock', 'refs/heads/dev.lock', /check-ref-format|funny refname/],
  ['.lock inside', 'refs/heads/dev.lock/x', /check-ref-format|funny refname/],
  ['a hidden part', 'refs/heads/.git', /check-ref-format|funny refname/],
  ['an escape sequence', 'refs/heads/\u001b[2Jx', /control characters/],
  ['a bell', 'refs/heads/x\u0007', /control characters/],
  ['DEL', 'refs/heads/x\u007f', /control characters/],
  ['C1', 'refs/heads/x\u009b2J', /control characters/],
  ['a carriage return', 'refs/heads/dev\r', /control characters/],
  ['a tab', 'refs/heads/a\tb', /control characters/],
  ['a space', 'refs/heads/a b', /check-ref-format/],
  ['a glob', 'refs/heads/*', /check-ref-format/],
  ['245 bytes', `refs/heads/${'x'.repeat(234)}`, /244 bytes/],
  ['10 000 bytes', `refs/heads/${'x'.repeat(10_000)}`, /244 bytes/],
  ['invalid UTF-8', Buffer.from([...Buffer.from('refs/heads/x'), 0xff, 0xfe]), /not UTF-8/],
  ['overlong UTF-8', Buffer.from([...Buffer.from('refs/heads/x'), 0xc0, 0xaf]), /not UTF-8/],
  ['refs/hostenv', 'refs/hostenv/live/dev', /only refs\/heads|hidden ref/],
  ['refs/notes', 'refs/notes/commits', /only refs\/heads/],
  ['refs/remotes', 'refs/remotes/origin/main', /only refs\/heads/],
  ['refs/replace', `refs/replace/${main}`, /only refs\/heads/],
  ['no refs/', 'dev', /only refs\/heads|funny refname/],
  ['a pseudo-ref', 'refs/heads', /only refs\/heads|funny refname/],
]

const flat = (text: string) => text.replace(/\s+/g, ' ')

for (const when of ['before the project exists', 'afterwards']) {
  t.test(`hostile ref names, ${when}`, async (t) => {
    if (when === 'afterwards') {
      const pushed = await project.push(receiver, 'main')
      t.equal(pushed.code, 0, pushed.stderr)
    }
    const before = await everything()
    for (const [what, ref, words] of when === 'afterwards' ? names : names.slice(0, 8)) {
      const alone = await rawPush(receiver, { commands: [{ old: zero, new: main, ref }], pack })
      t.match(flat(alone.words + alone.report.join('\n')), words, what)
      t.notMatch(alone.report.join('\n'), /^ok /m, what)
      t.notMatch(
        alone.words,
        /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/,
        `${what}: nothing of it reaches the terminal`,
      )
      for (const line of alone.words.split('\n')) t.ok(line.length <= 72, `${what}: ${line}`)
    }
    t.same(await everything(), before)
  })
}

t.test('one bad name refuses the good ones that come with it', async (t) => {
  const before = await everything()
  const good = { old: zero, new: main, ref: 'refs/heads/dev' }
  for (const [what, ref] of names.filter((_, i) => i % 5 === 0)) {
    const both = await rawPush(receiver, { commands: [good, { old: zero, new: main, ref }], pack })
    t.match(both.report.join('\n'), /^ng refs\/heads\/dev /m, what)
    t.notMatch(both.report.join('\n'), /^ok /m, what)
  }
  t.same(await everything(), before)
})

t.test('a ref named twice, and more refs than the limit, refuse the push', async (t) => {
  const before = await everything()
  const twice = [zero, zero].map((old) => ({ old, new: main, ref: 'refs/heads/dev' }))
  const doubled = await rawPush(receiver, { commands: twice, pack })
  t.match(doubled.words + doubled.report.join(), /named twice|multiple updates/)
  t.notMatch(doubled.report.join('\n'), /^ok /m)
  const many = Array.from({ length: 101 }, (_, i) => ({ old: zero, new: main, ref: `refs/heads/b${i}` }))
  const refused = await rawPush(receiver, { commands: many, pack })
  t.match(refused.words, /this push updates 101 refs; at most 100 are taken/)
  t.equal(refused.report.filter((line) => line.startsWith('ng ')).length, 101)
  const nothing = await rawPush(receiver, { commands: [{ old: zero, new: zero, ref: 'refs/heads/none' }], pack: null })
  t.notMatch(nothing.report.join('\n'), /^ok /m)
  t.same(await everything(), before)
})

t.test('a branch that is not where the client believes it to be is not moved', async (t) => {
  const before = { files: listing(receiver), refs: await remoteRefs(receiver) }
  const other = '1'.repeat(40)
  for (const [old, value] of [
    [other, main],
    [other, zero],
  ] as const) {
    const stale = await rawPush(receiver, {
      commands: [{ old, new: value, ref: 'refs/heads/main' }],
      pack: value === zero ? null : emptyPack(),
    })
    t.notMatch(stale.report.join('\n'), /^ok /m, `${old.slice(0, 4)} ${value.slice(0, 4)}`)
  }
  const missing = await rawPush(receiver, { commands: [{ old: zero, new: other, ref: 'refs/heads/dev' }] })
  t.match(missing.report.join('\n'), /ng refs\/heads\/dev missing necessary objects/)
  t.same({ files: listing(receiver), refs: await remoteRefs(receiver) }, before)
})

t.test('more refs than a hook could be told of come to an end too', async (t) => {
  const before = await everything()
  const commands = Array.from({ length: 40_000 }, (_, i) => ({
    old: zero,
    new: main,
    ref: `refs/heads/${i}${'x'.repeat(200)}`,
  }))
  const answer = await rawPush(receiver, { commands })
  t.notMatch(answer.report.join('\n'), /^ok /m)
  t.equal(answer.report.length, 1 + commands.length, `${answer.code} ${answer.report[0]} ${answer.words}`)
  t.same(await everything(), before)
})

t.test('a client that does not speak git is refused and leaves nothing', async (t) => {
  const before = await everything()
  const rubbish = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from('ffff'),
    Buffer.alloc(0),
    Buffer.from('0000'),
    Buffer.concat([Buffer.from('0032want '), Buffer.from(main), Buffer.from('\n0000')]),
    Buffer.from('0004'.repeat(1000)),
  ]
  for (const bytes of rubbish) {
    const answer = await rawPush(receiver, { commands: [], bytes })
    t.notMatch(answer.report.join('\n'), /^ok /m, bytes.toString('latin1', 0, 20))
  }
  t.same(await everything(), before)
})

t.test('a thousand push options are refused with a reason', async (t) => {
  const commands = [{ old: zero, new: main, ref: 'refs/heads/dev' }]
  const answer = await rawPush(receiver, { commands, options: Array(1500).fill('trace') })
  t.match(answer.report.join('\n'), /ng refs\/heads\/dev too many push options: at most 20/)
  const odd = await rawPush(receiver, { commands, options: ['\u001b[2J\u0007evil'] })
  t.match(odd.report.join('\n'), /ng refs\/heads\/dev unknown push option 'evil'/)
  t.notMatch(odd.words, /[\u001b\u0007]/)
})

t.test('hostile project names are refused, and nothing is made of them', async (t) => {
  const before = await everything()
  const paths = [
    '..',
    '../x',
    'acme/..',
    'acme/../../etc',
    'acme/x/../y',
    '%2e%2e/x',
    'acme/%2e%2e',
    '~/x',
    '~root/x',
    '/etc/ssh/sshd_config',
    '//acme/x',
    '/tmp/acme/x',
    'acme/x/y',
    `acme/${'x'.repeat(64)}`,
    `${'a'.repeat(200)}/x`,
    'acme/',
    '/x',
    'acme',
    '.',
    'acme/.git',
    '.ssh/x',
    '-x/y',
    '--upload-pack=x/y',
    'acme/-x',
    'acme/x;id',
    'acme/$(id)',
    'acme/`id`',
    'acme/x y',
    'acme\\x',
    'acme/größe',
    "acme/x'y",
    'acme/"x"',
    'acme/*',
  ]
  const asked = paths.map((path, i) => {
    const quoted = `'${path.replaceAll("'", "'\\''")}'`
    return i % 4 === 0 ? `git-upload-pack ${quoted}` : `git-receive-pack ${quoted}`
  })
  for (const exec of [
    ...asked,
    "git-receive-pack ''",
    'git-receive-pack',
    "git-receive-pack 'acme/x' y",
    'git-receive-pack --help',
  ]) {
    const { code, stdout, stderr } = await receiver.sshAs(receiver.key, [exec])
    t.equal(code, 1, exec)
    t.equal(stdout, '', exec)
    t.match(stderr, /^hostenv: /, exec)
  }
  t.same(await everything(), before)
})

t.test('other ways to write a name mean the same project, not a new one', async (t) => {
  const refs = await remoteRefs(receiver)
  for (const path of ['acme/hello-web', 'ACME/Hello-Web', 'ac-me/hello_web'])
    t.same(await remoteRefs(receiver, path), refs, path)
})

t.test('unknown words are refused with the help', async (t) => {
  for (const words of [
    ['rm -rf /'],
    ['sh'],
    ['git-shell'],
    ['git gc'],
    ['upload-pack'],
    ['git-upload-archive--writer', 'acme/helloweb'],
    ['scp -t x'],
    [''],
  ]) {
    const { code, stdout, stderr } = await receiver.sshAs(receiver.key, words)
    t.equal(code, 1, words.join(' '))
    t.notMatch(stdout, /root:|total/)
    t.match(stderr + stdout, /envs/, words.join(' '))
  }
  const shelly = await receiver.ssh('envs; id')
  t.equal(shelly.code, 1)
  t.match(shelly.stderr, /There is no shell here/)
})

/** Pushes HEAD to a branch that is declared, and answers what git said. */
async function refusedPush(t: Test, spec = 'HEAD:refs/heads/dev') {
  const before = listing(receiver)
  const pushed = await project.push(receiver, spec, { flags: ['--force'] })
  t.not(pushed.code, 0)
  t.same(listing(receiver), before, 'nothing is made')
  await project.git('checkout', '-q', '--force', '--detach', main)
  return pushed.stderr
}

t.test('a tree with a way out is not taken in', async (t) => {
  const blob = (await project.git('hash-object', '-w', 'greeting.txt')).trim()
  for (const name of ['..', '.', '.git', '.GIT', 'git~1']) {
    const entry = Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(blob, 'hex')])
    const raw = join(project.directory, '.git', 'entry')
    writeFileSync(raw, entry)
    const tree = (await project.git('hash-object', '-t', 'tree', '-w', '--literally', raw)).trim()
    const commit = (await project.git('commit-tree', tree, '-m', 'evil')).trim()
    t.match(await refusedPush(t, `${commit}:refs/heads/dev`), /hasDot|hasDotdot|hasDotgit/, name)
  }
})

t.test('.hostenv must be a folder of the repository with a hostenv.nix in it', async (t) => {
  await project.commit('Away', { '.hostenv': null, 'other/hostenv.nix': plain })
  symlinkSync('other', join(project.directory, '.hostenv'))
  await project.commit('A link')
  t.match(await refusedPush(t), /\.hostenv is a symbolic link/)
  await project.commit('Nothing', { '.hostenv': null })
  t.match(await refusedPush(t), /no \.hostenv\/hostenv\.nix in this commit[\s\S]*environments\.main/)
  await project.commit('A file', { '.hostenv': null })
  await project.commit('A file', { '.hostenv': 'x' })
  t.match(await refusedPush(t), /no \.hostenv\/hostenv\.nix in this commit/)
  await project.commit('A folder', { [file]: null, '.hostenv/hostenv.nix/x': 'x' })
  t.match(await refusedPush(t), /remote rejected.*(no \.hostenv\/hostenv\.nix|evaluation failed)/)
  await project.commit('A file that is a link', { [file]: null })
  symlinkSync('/etc/passwd', join(project.directory, file))
  await project.commit('A file that is a link')
  const said = await refusedPush(t)
  t.match(said, /remote rejected/)
  t.notMatch(said, /root:/)
})

t.test('a project cannot give itself other names', async (t) => {
  const evil: Record<string, string> = {
    userName: 'shop-main-4f7240c',
    hostname: 'shop-main-4f7240c.localhost',
    organisation: 'evil',
    dataDir: '/etc',
    upstreamRuntimeDir: '/run/hostenv/upstream/shop-main-4f7240c',
  }
  for (const [name, value] of Object.entries(evil)) {
    await project.commit(name, { [file]: quietModule({ main: '', dev: `hostenv.${name} = "${value}";` }) })
    const said = await refusedPush(t)
    t.match(said, new RegExp(`remote rejected.*hostenv\\.${name} is '${value}', must be '`), name)
    t.match(said, /Names do not match the repository pushed to/)
  }
  await project.commit('Odd', { [file]: quietModule({ main: '', dev: 'hostenv.userName = "x\\nroot";' }) })
  t.match(await refusedPush(t), /remote rejected.*the manifest is not valid/)
  await project.commit('Odd key', { [file]: quietModule({ main: '', dev: '', '../x': '' }) })
  t.match(await refusedPush(t), /remote rejected/)
})

t.test('only commits and tags of commits can be deployed', async (t) => {
  await project.git('tag', '-a', '-m', 'a blob', 'blob', `${main}:greeting.txt`)
  await project.git('tag', '-a', '-m', 'a tree', 'tree', `${main}^{tree}`)
  for (const [source, target] of [
    ['refs/tags/blob', 'refs/tags/dev'],
    ['refs/tags/tree', 'refs/tags/dev'],
    [`${main}:greeting.txt`, 'refs/tags/dev'],
    [`${main}^{tree}`, 'refs/tags/dev'],
  ] as const) {
    const oid = (await project.git('rev-parse', source)).trim()
    t.match(await refusedPush(t, `${oid}:${target}`), /remote rejected.*not a commit/, source)
  }
})

t.test('after all this an honest push works', async (t) => {
  const pushed = await project.push(receiver, `${main}:refs/heads/dev`)
  t.equal(pushed.code, 0, pushed.stderr)
})
