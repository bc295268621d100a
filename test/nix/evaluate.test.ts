// What the receiver is told about a project: the manifest, the selected packages, and errors that name option and file.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fixture, privateStore, repository, site } from './private-store.ts'

const store = privateStore(t)
const hello = await store.project(fixture('hello-web'))
const inline = (text: string) => store.project(null, { '.hostenv/hostenv.nix': text, 'words.txt': 'hello\n' })

t.test('hello-web has its expected manifest', async (t) => {
  const { selected, ...manifest } = await store.evaluate(hello, { ref: 'main' })
  t.strictSame(manifest, JSON.parse(readFileSync(fixture('hello-web/expected-manifest.json'), 'utf8')))
  t.match(selected, { main: { drvPath: /^\/nix\/store\/.*-activate\.drv$/, out: /^\/nix\/store\/.*-activate$/ } })
})

t.test('environments that differ only in policy, and projects in other places, share one package', async (t) => {
  const main = await store.evaluate(hello, { ref: 'main' })
  const staging = await store.evaluate(hello, { key: 'staging' }, { organisation: 'other', stateRoot: '/elsewhere' })
  t.equal(staging.selected.staging?.out, main.selected.main?.out)
  const second = privateStore(t)
  const there = await second.evaluate(await second.project(fixture('hello-web'), { 'notes.txt': 'x' }), { ref: 'main' })
  t.equal(there.selected.main?.out, main.selected.main?.out, 'neither the store nor files it does not use matter')
})

t.test('a ref selects the enabled environments whose gitRef it is, else whose key; a key selects itself', async (t) => {
  const source = await inline(`{
    environments.main = { };
    environments.a.hostenv.gitRef = "release";
    environments.b.hostenv.gitRef = "release";
    environments.off = { enable = false; };
    environments."feature/foo" = { };
  }`)
  const table: [object, string[]][] = [
    [{ ref: 'main' }, ['main']],
    [{ ref: 'release' }, ['a', 'b']],
    [{ ref: 'a' }, ['a']],
    [{ ref: 'off' }, []],
    [{ ref: 'nothing' }, []],
    [{ ref: 'feature/foo' }, ['feature/foo']],
    [{ key: 'b' }, ['b']],
    [{ key: 'off' }, ['off']],
  ]
  for (const [select, keys] of table)
    t.strictSame(Object.keys((await store.evaluate(source, select as { ref: string })).selected), keys)
})

t.test('what is not selected is not evaluated', async (t) => {
  const source = await inline(`{
    environments.main = { };
    environments.staging.modules = [ { processes.web.command = throw "never looked at"; } ];
  }`)
  const answer = await store.evaluate(source, { ref: 'main' })
  t.strictSame(Object.keys(answer.environments), ['main', 'staging'])
  t.match(await store.failure(source, { ref: 'staging' }), /never looked at/)
})

t.test('an environment adds modules of its own and sees its facts', async (t) => {
  const source = await inline(`{ config, lib, ... }: {
    environments.main = { };
    environments.staging.modules = [
      ({ config, ... }: { warnings = [ "on \${config.hostenv.hostname}" ]; processes.web.command = [ "x" ]; })
    ];
    warnings = lib.mkIf (config.processes ? web) [ "has web" ];
  }`)
  t.strictSame((await store.evaluate(source, { ref: 'main' })).warnings, [])
  const { warnings } = await store.evaluate(source, { ref: 'staging' })
  t.strictSame(warnings.sort(), ['has web (.hostenv/hostenv.nix)', 'on shop-staging-8d6b1ec.localhost'])
})

t.test('a tree referred to as a whole has one name wherever the store is', async (t) => {
  const text = `{ environments.main = { };
    processes.web.command = [ "\${builtins.path { path = ../.; name = "tree"; }}/words.txt" ]; }`
  const second = privateStore(t)
  const files = { '.hostenv/hostenv.nix': text, 'words.txt': 'hello\n' }
  const [here, there] = await Promise.all([
    store.evaluate(await store.project(null, files), { ref: 'main' }),
    second.evaluate(await second.project(null, files), { ref: 'main' }),
  ])
  t.equal(here.selected.main?.out, there.selected.main?.out)
})

t.test('errors name the option and the file', async (t) => {
  const table: [string, string, RegExp[]][] = [
    [
      'a wrong type',
      'environments.main.type = "prod";',
      [/option `environments\.main\.type' is not of type `one of "production"/, /In `.*hostenv\.nix': "prod"/],
    ],
    [
      'an unknown option',
      'processes.web.comand = [ "x" ];',
      [/option `processes\.web\.comand' does not exist/, /hostenv\.nix'/],
    ],
    ['an unknown option at the top', 'proceses = { };', [/option `proceses' does not exist/, /hostenv\.nix'/]],
    ['a command that is missing', 'processes.web = { };', [/`processes\.web\.command' was accessed but has no value/]],
    [
      'an empty command',
      'processes.web.command = [ ];',
      [/`processes\.web\.command' is not of type `non-empty \(list of string\)'/],
    ],
    ['a hostile process name', 'processes."../x".command = [ "x" ];', [/option `processes': "\.\.\/x" is no name/]],
    [
      'a hostile variable',
      'processes.web = { command = [ "x" ]; environment."A;b" = ""; };',
      [/`processes\.web\.environment': "A;b" is no name/],
    ],
    [
      'two productions',
      'environments.a.type = "production"; environments.b.type = "production";',
      [/at most one environment.*`a', `b' are/],
    ],
    [
      'a key that is no branch',
      'environments."a..b" = { };',
      [/option `environments': "a\.\.b" cannot be the name of a branch/],
    ],
    ['a default that is not there', 'defaultEnvironment = "x";', [/there is no environment `x'/]],
    [
      'failed assertions, all of them',
      'assertions = [ { assertion = false; message = "one"; } { assertion = false; message = "two"; } ];',
      [/environment `main': failed assertions:\s*- one \(\.hostenv\/hostenv\.nix\)\s*- two \(/],
    ],
    [
      'two values',
      'imports = [ { defaultEnvironment = "a"; } { defaultEnvironment = "b"; } ];',
      [/`defaultEnvironment' has conflicting definition values/],
    ],
    [
      'a program that the host lacks',
      'processes.web.command = [ pkgs.postgresql.outPath ];',
      [/pkgs\.postgresql: this host has no program `postgres'/],
    ],
    [
      'a mistake in the language',
      'processes.web.command = [ foo ];',
      [/undefined variable 'foo'/, /\.hostenv\/hostenv\.nix:\d+:\d+/],
    ],
    [
      'a set where a value belongs',
      'environments.main.deploymentVerification = 3;',
      [/`environments\.main\.deploymentVerification' is not of type `submodule'/],
    ],
  ]
  for (const [name, text, expected] of table) {
    const main = text.includes('environments.main') ? '' : 'environments.main = { };'
    const message = await store.failure(await inline(`{ pkgs, ... }: { ${main} ${text} }`), { ref: 'main' })
    for (const pattern of expected) t.match(message, pattern, name)
  }
  t.match(await store.failure(await store.project(null, { x: '' }), { ref: 'main' }), /has no \.hostenv\/hostenv\.nix/)
})

t.test("the operator's nixpkgs is used where there is one", async (t) => {
  const source = await inline(`{ pkgs, lib, ... }: {
    environments.main = { };
    warnings = [ "lib \${lib.marker or "ours"}, pkgs \${pkgs.marker or "the host's"}" ];
  }`)
  const said = async (packages: string | null) =>
    (await store.evaluate(source, {}, { packages })).warnings[0]?.replace(' (.hostenv/hostenv.nix)', '')
  // Stand-ins with nixpkgs' layout: this library's own lib, marked.
  const libOnly = join(store.directory, 'lib-only')
  cpSync(join(repository, 'nix/lib'), join(libOnly, 'lib'), { recursive: true })
  const text = readFileSync(join(libOnly, 'lib/default.nix'), 'utf8')
  writeFileSync(join(libOnly, 'lib/default.nix'), text.replace('isType =', 'marker = "theirs";\n    isType ='))
  const whole = join(store.directory, 'whole')
  cpSync(libOnly, whole, { recursive: true })
  mkdirSync(join(whole, 'pkgs/top-level'), { recursive: true })
  writeFileSync(join(whole, 'pkgs/top-level/default.nix'), '')
  writeFileSync(join(whole, 'default.nix'), '{ system, ... }: { marker = system; lib = import ./lib; }')
  t.equal(await said(null), "lib ours, pkgs the host's")
  t.equal(await said(await store.add(libOnly)), "lib theirs, pkgs the host's")
  t.equal(await said(await store.add(whole)), `lib theirs, pkgs ${site.system}`)
})
