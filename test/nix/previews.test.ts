// Previews in a project's module: what the receiver is told of the patterns, and the package of a branch that matches one.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { privateStore } from './private-store.ts'

const store = privateStore(t)
const inline = (text: string) => store.project(null, { '.hostenv/hostenv.nix': `{ config, ... }: { ${text} }` })
const select = (key: string, of: string) => ({ key, extends: of })

t.test('a preview has the processes of the environment that it extends, and facts of its own', async (t) => {
  const source = await inline(`
    environments.main = { type = "production"; virtualHosts."shop.example" = { }; };
    environments.staging.modules = [ ({ config, ... }: { warnings = [ "on \${config.hostenv.hostname} of \${config.hostenv.gitRef}" ]; }) ];
    previews."feature/*" = { };
    previews."try/*" = { extends = "staging"; type = "testing"; ttl = null; max = 3; evict = "oldest"; };
  `)
  const main = await store.evaluate(source, { key: 'main' })
  const none = { enable: true, users: {}, evict: null, data: null, schedules: [] }
  t.strictSame((main as unknown as { previews: unknown }).previews, {
    'feature/*': { ...none, extends: 'main', max: null, ttl: '14d', type: 'development' },
    'try/*': { ...none, extends: 'staging', max: 3, ttl: null, type: 'testing', evict: 'oldest' },
  })
  const foo = await store.evaluate(source, select('feature/foo', 'main'))
  t.strictSame(Object.keys(foo.selected), ['feature/foo'])
  t.equal(foo.selected['feature/foo']?.out, main.selected.main?.out, 'the same processes are the same package')
  const tried = await store.evaluate(source, select('try/me', 'staging'))
  t.match(tried.warnings, [/^on shop-me-[0-9a-f]{7}\.localhost of try\/me$/])
  t.strictSame((await store.evaluate(source, select('x', 'gone'))).selected, {}, 'what it extends must be declared')
})

t.test('a pattern that cannot be is refused with its option', async (t) => {
  const table: [string, RegExp][] = [
    ['environments.main = { }; previews."a b" = { };', /option `previews': "a b" cannot match the name of a branch/],
    [
      'environments.main = { }; previews."x/*".extends = "gone";',
      /`previews\."x\/\*"\.extends': there is no environment `gone'/,
    ],
    ['environments.dev = { }; previews."x/*" = { };', /`previews\."x\/\*"\.extends': there is no environment `'/],
    ['environments.main = { }; previews."x/*".type = "production";', /is not of type `one of "testing", "development"/],
    ['environments.main = { }; previews."x/*".ttl = "soon";', /is not of type `null or string matching/],
  ]
  for (const [text, said] of table) t.match(await store.failure(await inline(text), { ref: 'main' }), said, text)
})

t.test('what works by the clock is left out of a preview, but for what its pattern names', async (t) => {
  const source = await inline(`
    environments.main = { };
    previews."feature/*".schedules = [ "report" ];
    processes.web.command = [ "/bin/sh" "web" ];
    processes.mail = { command = [ "/bin/sh" "mail" ]; schedule = "daily"; };
    processes.report = { command = [ "/bin/sh" "report" ]; schedule = "hourly"; after = [ "mail" ]; };
  `)
  const processes = async (select: Parameters<typeof store.package>[1]) => {
    const out = await store.package(source, select)
    const lines = readFileSync(`${store.real(out)}/share/hostenv/processes.list`, 'utf8')
      .trim()
      .split('\n')
    return { out, names: lines.map((line) => line.split(' ')[1] ?? '').sort() }
  }
  const main = await processes({ key: 'main' })
  t.strictSame(main.names, ['mail', 'report', 'web'])
  t.strictSame((await processes(select('feature/foo', 'main'))).names, ['web'], 'none by itself')
  const named = await processes({ ...select('feature/foo', 'main'), schedules: ['report', 'nowhere'] })
  t.strictSame(named.names, ['report', 'web'])
  const all = await processes({ ...select('feature/foo', 'main'), schedules: ['report', 'mail'] })
  t.equal(all.out, main.out, 'with all of them it is the package that was built already')
})
