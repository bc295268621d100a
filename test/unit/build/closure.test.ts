// What Nix prints of closures, over its versions.

import { readFileSync } from 'node:fs'
import { t } from 'tap'
import { readDiff, readPathInfo } from '../../../src/build/closure.ts'
import { derivationName } from '../../../src/build/derivation-name.ts'
import { readInputs, readPlan } from '../../../src/build/plan.ts'

const path = `/nix/store/${'a'.repeat(32)}-shop`

t.test('closure sizes: a list in old versions, a record in new ones', async (t) => {
  const shapes = [
    [{ path, closureSize: 648, narSize: 1 }],
    { [path]: { closureSize: 648 }, '/nix/store/gone': null },
    { version: 2, info: { [path.slice(11)]: { closureSize: 648 } } },
  ]
  for (const shape of shapes) t.equal(readPathInfo(JSON.stringify(shape)).get(path), 648)
  for (const odd of ['', 'null', '7', '[7, null, {}]', '{"info": 7}', '[{"path": 7, "closureSize": 7}]', '{'])
    t.equal(readPathInfo(odd).size, 0, odd)
})

t.test('the difference of two closures, one change a line', async (t) => {
  const printed = [
    'shop-frontend: 2.3 → 2.4, \u001b[31;1m+12.3 KiB\u001b[0m',
    'lib-a: 1.0, 1.1 → 1.1',
    'new-one: ∅ → 1.0',
    'unversioned: ∅ → ε, +1.0 MiB',
    'old-one: 3.1 → ∅, -2.0 KiB',
    'data: \u001b[32;1m-8.1 KiB\u001b[0m',
    'not a change',
  ].join('\n')
  t.same(readDiff(printed), [
    'shop-frontend 2.3 → 2.4',
    'lib-a 1.0, 1.1 → 1.1',
    'new-one 1.0 added',
    'unversioned added',
    'old-one 3.1 removed',
    'data -8.1 KiB',
  ])
})

t.test('a dry run lists what will be built', async (t) => {
  const plan = readPlan(readFileSync(new URL('logs/dry-run.log', import.meta.url), 'utf8'))
  t.equal(plan.builds.length, 3)
  t.equal(plan.fetches.length, 0)
  const message = (msg: string) => `@nix ${JSON.stringify({ action: 'msg', level: 0, msg })}`
  const fetches = readPlan(
    [
      'these 2 paths will be fetched (1.2 MiB download):',
      `  ${path}`,
      `  ${path}-2`,
      "don't know how:",
      '  /nix/store/x',
    ]
      .map(message)
      .join('\n'),
  )
  t.same(fetches, { builds: [], fetches: [path, `${path}-2`] })
})

t.test('the inputs of a derivation, from its file', async (t) => {
  const aterm = `Derive([("out","/nix/store/o","","")],[("/nix/store/b.drv",["out"]),("/nix/store/a.drv",["dev","out"])],["/nix/store/s"],"x86_64-linux","/bin/sh",["-c","(\\"/nix/store/evil.drv\\",["],[("A","B")])`
  t.same(readInputs(aterm), ['/nix/store/b.drv', '/nix/store/a.drv', '/nix/store/s'])
  t.same(readInputs('nonsense'), [])
})

t.test('the name of a derivation', async (t) => {
  t.equal(derivationName(`/nix/store/${'a'.repeat(32)}-shop-2.3.drv`), 'shop-2.3')
  t.equal(derivationName('odd'), 'odd')
})
