// Flakes of projects, evaluated as the receiver does it: the inputs that they are given, and what they cannot reach.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { mustRun } from '../../src/lib/spawn.ts'
import { sourceStorePath } from '../../src/lib/store-path.ts'
import { type DeployEvent, Refused } from '../../src/records.ts'
import { evaluate } from '../../src/resolve/evaluate.ts'
import { fetchInputs } from '../../src/resolve/fetch-inputs.ts'
import { type FlakeLock, parseFlakeLock } from '../../src/resolve/flake-inputs.ts'
import { parseEvaluation } from '../../src/resolve/manifest-schema.ts'
import { path, root } from '../helpers/programs.ts'
import { evaluation } from './evaluation-support.ts'

const { directory, nix, add, ctx } = await evaluation(t)
const { system } = ctx.site
const rev = 'c'.repeat(40)
const project = { organisation: 'acme', project: 'shop' }
type Lock = { inputs: Record<string, unknown>; nodes: Record<string, unknown> }

/** What an evaluation says: the refusal, or what \`seen\` became. */
async function ask(flake: string, lock: Lock | null = null, more: Record<string, string> = {}): Promise<string> {
  const source = add({ '.hostenv/flake.nix': `{ ${flake} }`, 'words/x': 'words of the tree', ...more })
  try {
    const parsed =
      lock &&
      parseFlakeLock(
        JSON.stringify({ version: 7, root: 'root', nodes: { root: { inputs: lock.inputs }, ...lock.nodes } }),
        [],
      )
    const question = {
      project,
      source,
      revision: rev,
      select: { key: 'gone' },
      others: false,
      trace: false,
      flake: { lock: parsed },
    }
    const { manifest } = parseEvaluation((await evaluate(ctx, question, new AbortController().signal)).said)
    return `seen ${manifest.environments.main?.releaseTags}`
  } catch (error) {
    if (error instanceof Refused) return error.message
    throw error
  }
}

/** Outputs that show what an expression is. */
const seeing = (expression: string, args = '{ self, ... }') =>
  `outputs = ${args}: { lib.hostenv.${system}.environments.main.releaseTags = builtins.toJSON (${expression}); };`
const words = { locked: { type: 'path', path: '../words' }, original: { type: 'path', path: '../words' }, flake: false }

t.test('a flake sees its commit, its tree and the site', async (t) => {
  const seen = '[ self.rev self.shortRev (builtins.readFile ../words/x) site.domain (import site).project ]'
  const answer = await ask(`inputs.site.url = "path:./site"; ${seeing(seen, '{ self, site }')}`)
  t.equal(answer, `seen ["${rev}","ccccccc","words of the tree","localhost","shop"]`)
})

// TAP_SNAPSHOT=1 writes the file.
t.test('the sample project with a flake of its own has its expected manifest', async (t) => {
  const folder = join(root, 'fixtures/flake-project')
  const lock = parseFlakeLock(readFileSync(join(folder, '.hostenv/flake.lock'), 'utf8'), [])
  const question = {
    project,
    source: add(folder),
    revision: rev,
    select: { key: 'none' },
    others: false,
    trace: false,
    flake: { lock },
  }
  const { selected, ...manifest } = JSON.parse((await evaluate(ctx, question, new AbortController().signal)).said)
  const file = join(folder, 'expected-manifest.json')
  if (process.env.TAP_SNAPSHOT === '1') writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`)
  t.same(manifest, JSON.parse(readFileSync(file, 'utf8')))
})

t.test('a folder of the repository is an input, as files and as a flake', async (t) => {
  const sub = {
    ...words,
    locked: { type: 'path', path: '../sub' },
    original: { type: 'path', path: '../sub' },
    flake: true,
  }
  const answer = await ask(
    `inputs.x = { url = "path:../words"; flake = false; }; inputs.sub.url = "../sub"; ${seeing('[ (builtins.readFile (x + "/x")) sub.words ]', '{ self, x, sub }')}`,
    { inputs: { x: 'x', sub: 'sub' }, nodes: { x: words, sub: { ...sub, inputs: { x: ['x'] } } } },
    {
      'sub/flake.nix':
        '{ inputs.x.url = "path:/etc"; outputs = { self, x }: { words = builtins.readFile (x + "/x"); }; }',
    },
  )
  t.equal(answer, 'seen ["words of the tree","words of the tree"]')
})

t.test('flake.nix must be what its lock file was made for', async (t) => {
  const path = (text: string) => `inputs.x = { url = "${text}"; flake = false; }; ${seeing('1')}`
  const github = (original: object) => ({
    x: { ...words, original: { type: 'github', owner: 'acme', repo: 'words', ...original } },
  })
  const tables: [string, object, RegExp][] = [
    [path('path:../words'), { x: words }, /^seen 1/],
    [path('../words'), { x: words }, /^seen 1/],
    [path('path:/etc'), { x: words }, /flake input x: flake\.lock is not of this flake\.nix/],
    [path('git+file:///srv/x'), { x: words }, /is not of this/],
    [path('nixpkgs'), { x: words }, /is not of this/],
    [path('github:acme/words'), github({}), /^seen 1/],
    [path('github:acme/words/v1'), github({ ref: 'v1' }), /^seen 1/],
    [path('github:acme/words?ref=v1&dir=sub'), github({ ref: 'v1', dir: 'sub' }), /^seen 1/],
    [path('github:acme/words/v2'), github({ ref: 'v1' }), /is not of this/],
    [path(`github:acme/words/${rev}`), github({ ref: 'v1' }), /is not of this/],
    [path('github:evil/words'), github({}), /is not of this/],
    [`inputs.x = { type = "github"; owner = "acme"; repo = "words"; }; ${seeing('1')}`, github({}), /^seen 1/],
    [`inputs.x.follows = "y"; ${seeing('1')}`, { x: words }, /is not of this/],
    [`inputs.y.url = "path:/etc"; ${seeing('1')}`, { x: words }, /flake input y is not locked/],
    [seeing('1', '{ self, nixpkgs }'), { x: words }, /flake input nixpkgs is not locked/],
    [seeing('1', '{ self, nixpkgs ? null }'), { x: words }, /^seen 1/],
  ]
  for (const [flake, nodes, said] of tables)
    t.match(await ask(flake, { inputs: { x: 'x' }, nodes: nodes as Record<string, unknown> }), said, flake.slice(0, 60))
  t.match(await ask(`inputs.x.url = "path:/etc"; ${seeing('1')}`), /flake input x is not locked/, 'no lock file')
})

t.test('code of a flake reaches neither the host, nor the network, nor another project', async (t) => {
  const secret = join(directory, 'secret')
  const other = await add({ x: 'of another project' })
  const table: [string, RegExp][] = [
    [`builtins.readFile "${secret}"`, /pure eval/],
    [`builtins.readFile ${secret}`, /pure eval/],
    [`builtins.readFile "${other}/x"`, /pure eval/],
    ['builtins.readDir "/nix/store"', /pure eval/],
    ['builtins.readFile ../../../../etc/passwd', /pure eval/],
    [`builtins.path { path = "${secret}"; name = "x"; }`, /pure eval/],
    [`builtins.fetchGit "${directory}"`, /forbidden|rev/],
    [`builtins.fetchGit { url = "file://${directory}"; rev = "${rev}"; }`, /forbidden|restricted/],
    [`builtins.fetchMercurial "${directory}"`, /forbidden|rev/],
    [`builtins.fetchTarball "file://${secret}"`, /pure eval|requires/],
    [`builtins.fetchurl "file://${secret}"`, /pure eval|requires/],
    [`builtins.fetchurl { url = "file://${secret}"; sha256 = "${'0'.repeat(64)}"; }`, /pure eval|forbidden/],
    [
      `builtins.fetchurl { url = "https://example.org/x"; sha256 = "${'0'.repeat(64)}"; }`,
      /forbidden in restricted mode/,
    ],
    [`builtins.fetchTree { type = "path"; path = "${secret}"; }`, /'flakes' is disabled|missing/],
    ['builtins.getFlake "path:/etc"', /getFlake' missing/],
    ['builtins.getFlake "nixpkgs"', /getFlake' missing/],
    [`builtins.fetchTree { type = "path"; path = "/nix/store"; rev = "${rev}"; }`, /'flakes' is disabled|missing/],
    ['builtins.currentTime', /currentTime/],
    [
      `import (derivation { name = "x"; system = "${system}"; builder = "/bin/sh"; })`,
      /import-from-derivation|allow-import|during evaluation/,
    ],
  ]
  for (const [code, said] of table) {
    const answer = await ask(seeing(code))
    t.match(answer, said, code.replaceAll(directory, 'DIR').slice(0, 60))
    t.notMatch(answer, /^seen/)
  }
  t.equal(await ask(seeing('builtins.getEnv "PATH"')), 'seen ""')
})

t.test('an input that the store has is used; what its own flake.nix names is not asked for', async (t) => {
  const nested = await add({
    'flake.nix': `{ inputs.a.url = "path:/etc"; inputs.b.url = "path:/nix/store"; nixConfig.sandbox = false;
      outputs = { self, a, ... }@all: { words = builtins.readFile (a + "/x"); had = builtins.attrNames all; inherit (self) rev; }; }`,
  })
  const narHash = (await mustRun(nix.command(['hash', 'path', nix.realPath(nested)]))).trim()
  t.equal(sourceStorePath(narHash), nested)
  const ways = [
    { type: 'github', owner: 'acme', repo: 'nested', rev, narHash, lastModified: 1 },
    { type: 'gitlab', owner: 'acme', repo: 'nested', rev, narHash, lastModified: 1 },
    { type: 'sourcehut', owner: '~acme', repo: 'nested', rev, narHash, lastModified: 1 },
    { type: 'tarball', url: 'https://example.org/nested.tar.gz', rev, narHash },
  ]
  for (const locked of ways) {
    const { narHash: _, rev: __, lastModified: ___, ...original } = locked as Record<string, unknown>
    const url = locked.type === 'tarball' ? locked.url : `${locked.type}:${locked.owner}/${locked.repo}`
    const answer = await ask(
      `inputs.a.url = "path:../words"; inputs.n = { url = "${url}"; inputs.a.follows = "a"; };
       ${seeing('{ inherit (n) words had rev; }', '{ self, a, n }')}`,
      { inputs: { a: 'a', n: 'n' }, nodes: { a: words, n: { locked, original, inputs: { a: ['a'] } } } },
    )
    t.equal(answer, `seen {"had":["a","self"],"rev":"${rev}","words":"words of the tree"}`, locked.type)
  }
})

t.test('what the store does not have is fetched by its hash, before the evaluation and by the receiver', async (t) => {
  const folder = join(directory, 'tarball/top')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'x'), "fetched, with a '\n")
  const archive = join(directory, 'top.tar.gz')
  await mustRun({ argv: ['tar', '-czf', archive, '-C', dirname(folder), 'top'], env: { PATH: path } })
  const narHash = (await mustRun(nix.command(['hash', 'path', folder]))).trim()
  // A lock that only a test can have: no project gets one with a file: URL past the parser.
  const lock = (url: string, hash: string): FlakeLock => {
    const source = { type: 'tarball' as const, url, narHash: hash }
    const node = {
      flake: false,
      dir: '',
      inputs: {},
      path: sourceStorePath(hash),
      narHash: hash,
      info: {},
      source,
      name: 'x',
    }
    return { inputs: { x: 'x' }, declared: {}, nodes: { x: node } }
  }
  const told: DeployEvent[] = []
  const tell = { emit: (event: DeployEvent) => void told.push(event), signal: new AbortController().signal }
  await fetchInputs(ctx, lock(`file://${archive}`, narHash), tell)
  t.match(
    await mustRun({ argv: ['cat', `${nix.realPath(sourceStorePath(narHash))}/x`], env: { PATH: path } }),
    'fetched',
  )
  await fetchInputs(ctx, lock('file:///gone', narHash), tell)
  t.same(told, [{ type: 'note', text: 'fetching flake input x' }], 'once')
  const wrong = `sha256-${'A'.repeat(43)}=`
  await t.rejects(fetchInputs(ctx, lock(`file://${archive}`, wrong), tell), /flake input x cannot be fetched: .*hash/i)
  await t.rejects(fetchInputs(ctx, lock('file:///gone', wrong), tell), /flake input x cannot be fetched/)
})
