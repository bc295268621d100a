import fc from 'fast-check'
import t from 'tap'
import { sourceStorePath, sriHash } from '../../../src/lib/store-path.ts'
import { Refused } from '../../../src/records.ts'
import { lockForNix, parseFlakeLock } from '../../../src/resolve/flake-inputs.ts'

const narHash = 'sha256-1X3TKJJqgAncQ0Px6U34jfn/wVB0nIKqLhcutMJPAdM='
const storePath = '/nix/store/law376xyz0hkhy7zqbzglmci2av9wbbm-source'
const rev = '1'.repeat(40)
const github = { type: 'github', owner: 'acme', repo: 'words', rev, narHash, lastModified: 1700000000 }

type Node = Record<string, unknown>
function lock(nodes: Record<string, Node>, inputs: Record<string, unknown> = { x: 'x' }): string {
  return JSON.stringify({ version: 7, root: 'root', nodes: { root: { inputs }, ...nodes } })
}
const one = (locked: unknown, more: Node = {}) =>
  lock({ x: { locked, original: { type: 'indirect', id: 'x' }, ...more } })
const parse = (text: string, hosts: string[] = []) => parseFlakeLock(text, hosts)

t.test('where a source is kept follows from its hash alone', async (t) => {
  t.equal(sourceStorePath(narHash), storePath)
  t.equal(
    sourceStorePath('sha256-/xXtDSiIOnsnZsw+f3FCwnJF0Z3nGhsSryURdTqGKJk='),
    '/nix/store/pvfipf6xz2bm5k9bxkpp2yhn88cn5d87-source',
  )
})

t.test('a hash has the same meaning in both of its forms', async (t) => {
  const zero = `sha256-${'A'.repeat(43)}=`
  t.equal(sriHash(`sha256:${'0'.repeat(52)}`), zero)
  t.equal(sriHash('sha256:1lq19z1b8bhp5sm8573la30zzycdz16ykwa38gf0k03aj8ld6zfm'), narHash)
})

t.test('what is allowed', async (t) => {
  const table: [string, Node, string[]?][] = [
    ['github', github],
    ['github, a folder of it', { ...github, dir: 'nix/lib' }],
    ['gitlab with a group', { ...github, type: 'gitlab', owner: 'a%2Fb' }],
    ['gitlab of the operator', { ...github, type: 'gitlab', host: 'git.acme.example' }, ['git.acme.example']],
    ['sourcehut', { ...github, type: 'sourcehut', owner: '~acme' }],
    ['a tarball', { type: 'tarball', url: 'https://example.org/x.tar.gz', narHash }],
    [
      'git over https',
      { type: 'git', url: 'https://git.example.org/x', rev, ref: 'main', narHash },
      ['git.example.org'],
    ],
    ['git over ssh', { type: 'git', url: 'ssh://git@git.example.org/x', rev, narHash }, ['git.example.org']],
  ]
  for (const [name, locked, hosts] of table) {
    const { nodes } = parse(one(locked), hosts)
    t.match(nodes.x, { path: storePath, narHash, source: { type: locked.type } }, name)
  }
  const { x } = (lockForNix(parse(one(github))) as { nodes: Record<string, object> }).nodes
  t.same(x, {
    ...{ flake: true, inputs: {}, dir: '', narHash },
    info: { rev, shortRev: '1111111', lastModified: 1700000000, lastModifiedDate: '20231114221320' },
  })
})

t.test('a folder of the repository is found from the flake that names it', async (t) => {
  const paths: [string, string][] = [
    ['./site', '.hostenv/site'],
    ['../lib', 'lib'],
    ['..', ''],
    ['../', ''],
    ['../a/../b/', 'b'],
  ]
  for (const [path, relative] of paths)
    t.match(parse(one({ type: 'path', path })).nodes.x, { parent: null, relative }, path)
  const nested = lock({
    x: { locked: { ...github, dir: 'sub' }, inputs: { y: 'y' } },
    y: { locked: { type: 'path', path: '../other' }, inputs: { z: 'z' } },
    z: { locked: { type: 'path', path: './deep' } },
  })
  t.match(parse(nested).nodes, { y: { parent: 'x', relative: 'other' }, z: { parent: 'x', relative: 'other/deep' } })
  const overridden = lock({
    x: { locked: github, inputs: { y: 'y' } },
    y: { locked: { type: 'path', path: '../here' }, parent: [] },
  })
  t.match(parse(overridden).nodes.y, { parent: null, relative: 'here' })
})

t.test('attacks are refused by the name of the input', async (t) => {
  const path = (text: string) => ({ type: 'path', path: text, narHash })
  const git = (url: string) => ({ type: 'git', url, rev, narHash })
  const tarball = (url: string) => ({ type: 'tarball', url, narHash })
  const table: [string, unknown, RegExp][] = [
    ['a file of the host', path('/etc'), /path:\/etc.*outside of the repository/],
    ['above the repository', path('../../..'), /outside of the repository/],
    ['above it, in a detour', path('./a/../../../b'), /outside of the repository/],
    ['the store', path('/nix/store'), /outside of the repository/],
    ['no path', { type: 'path', narHash }, /outside of the repository/],
    ['a folder of it that leads out', { ...path('../x'), dir: '../..' }, /'dir'/],
    ['a repository of the host', git('file:///srv/repos/other.git'), /only https: and ssh:/],
    ['a path as git', git('/srv/repos/other.git'), /only https: and ssh:/],
    ['git without encryption', git('http://git.example.org/x'), /only https: and ssh:/],
    ['a git host nobody named', git('https://evil.example/x'), /evil\.example is not on the operator/],
    ['a host that looks like an option', git('ssh://-oProxyCommand=x/y'), /refused/],
    ['a user that looks like an option', git('ssh://-oProxyCommand=x@git.example.org/y'), /refused/],
    ['an ext:: transport', git('ext::sh -c id'), /only https: and ssh:/],
    ['a ref that looks like an option', { ...git('https://git.example.org/x'), ref: '--upload-pack=x' }, /'ref'/],
    ['a tarball of the host', tarball('file:///etc/shadow'), /only https:/],
    ['a tarball without encryption', tarball('http://example.org/x.tar'), /only https:/],
    ["the receiver's own network", tarball('https://localhost/x.tar'), /no public host/],
    ['an address', tarball('https://169.254.169.254/x.tar'), /no public host/],
    ['an address in another form', tarball('https://0x7f000001/x.tar'), /no public host/],
    ['a password', tarball('https://a:secret@example.org/x.tar'), /user or a password/],
    ['a hub that nobody named', { ...github, host: 'evil.example' }, /evil\.example is not on the operator/],
    ['an owner that leads elsewhere', { ...github, owner: '../../x' }, /refused/],
    ['a repository that leads elsewhere', { ...github, repo: '..' }, /'repo'/],
    ['an indirect one', { type: 'indirect', id: 'nixpkgs', narHash }, /this type is not allowed/],
    ['mercurial', { type: 'hg', url: 'https://x.example/y', narHash }, /this type is not allowed/],
    ['a plain file', { type: 'file', url: 'https://x.example/y', narHash }, /this type is not allowed/],
    ['an attribute more', { ...github, url: 'file:///etc' }, /'url'/],
    ['another hash', { ...github, narHash: 'md5-x' }, /'narHash'/],
    ['no hash', { ...github, narHash: undefined }, /not locked/],
    ['no type', { narHash }, /not allowed/],
    ['nothing', undefined, /not locked/],
  ]
  for (const [name, locked, said] of table) {
    const refused = thrown(() => parse(one(locked), ['git.example.org']))
    t.ok(refused instanceof Refused, name)
    t.match(refused?.message, said, name)
    t.match(refused?.message, /^flake input x /, `${name}: by name`)
    t.notMatch(refused?.message, /secret/)
  }
  const deep = lock({ x: { locked: github, inputs: { y: 'y' } }, y: { locked: path('/etc') } })
  t.match(thrown(() => parse(deep))?.message, /^flake input x\/y \(path:\/etc\)/, 'an input of an input')
})

t.test('what follows leads to a node, and to nothing else', async (t) => {
  const nodes = {
    x: { locked: github, inputs: { n: ['n'] } },
    n: { locked: { ...github, repo: 'n' } },
  }
  const parsed = parse(lock(nodes, { x: 'x', n: 'n', also: ['x', 'n'] }))
  t.same(parsed.inputs, { x: 'x', n: 'n', also: 'n' })
  t.same(parsed.nodes.x?.inputs, { n: 'n' })
  t.same(parsed.declared.also, { follows: ['x', 'n'] })
  const table: [string, string][] = [
    ['a circle', lock({}, { a: ['b'], b: ['a'] })],
    ['itself', lock({}, { a: ['a'] })],
    ['the flake', lock({}, { a: [] })],
    ['nothing', lock({}, { a: ['gone'] })],
    ['a node that is not there', lock({}, { a: 'gone' })],
    ["an object's own machinery", lock({}, { a: 'constructor' })],
    ['that of another', lock({}, { a: ['__proto__', 'x'] })],
  ]
  for (const [name, text] of table) t.match(thrown(() => parse(text))?.message, /flake\.lock cannot be read/, name)
  const circle = { x: { locked: github, inputs: { y: 'y' } }, y: { locked: github, inputs: { x: 'x' } } }
  t.same(Object.keys(parse(lock(circle)).nodes), ['x', 'y'], 'inputs of one another are left to Nix')
})

t.test('a file that is no lock file is refused, and nothing but a refusal is ever thrown', async (t) => {
  for (const text of ['', '{', 'null', '[]', '{"version":99,"root":"root","nodes":{}}', '{"nodes":{}}'])
    t.match(thrown(() => parse(text))?.message, /flake\.lock cannot be read/, text)
  const many = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`n${i}`, { locked: github }]))
  t.match(thrown(() => parse(lock(many)))?.message, /more than 1000/)
  for (const strange of [{ toString: 1 }, { type: { toString: null } }, { type: 'path', path: { toString: '' } }])
    t.ok(thrown(() => parse(one(strange))) instanceof Refused, JSON.stringify(strange))
  const others: unknown[] = []
  const attempt = (text: string) => {
    const error = thrown(() => parse(text))
    if (error !== null && !(error instanceof Refused)) others.push([text, error])
  }
  fc.assert(fc.property(fc.json({ maxDepth: 3 }), attempt), { numRuns: 200 })
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => attempt(one(value))),
    { numRuns: 300 },
  )
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(github)), fc.jsonValue(), (key, value) =>
      attempt(one({ ...github, [key]: value })),
    ),
    { numRuns: 300 },
  )
  t.same(others, [])
})

function thrown(work: () => unknown): Error | null {
  try {
    work()
    return null
  } catch (error) {
    return error as Error
  }
}
