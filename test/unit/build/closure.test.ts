// What Nix prints of closures, over its versions.

import { readFileSync } from 'node:fs'
import { t } from 'tap'
import { closureOf, readPathInfo } from '../../../src/build/closure.ts'
import { changesBetween } from '../../../src/build/closure-changes.ts'
import { derivationName } from '../../../src/build/derivation-name.ts'
import { readInputs, readPlan } from '../../../src/build/plan.ts'

const path = `/nix/store/${'a'.repeat(32)}-shop`

t.test('path infos: a list in old versions, a record in new ones', async (t) => {
  const shapes = [
    [{ path, narSize: 648, references: [path], closureSize: 1 }],
    { [path]: { narSize: 648, references: [path] }, '/nix/store/gone': null },
    { version: 2, info: { [path.slice(11)]: { narSize: 648, references: [path.slice(11)] } } },
  ]
  for (const shape of shapes)
    t.same([...readPathInfo(JSON.stringify(shape))], [[path, { bytes: 648, references: [path] }]])
  for (const odd of [
    '',
    'null',
    '7',
    '[7, null, {}]',
    '{"info": 7}',
    '[{"path": 7, "narSize": 7, "references": []}]',
    '{',
  ])
    t.equal(readPathInfo(odd).size, 0, odd)
})

t.test('a closure is all that a path needs, or unknown', async (t) => {
  const infos = new Map([
    ['a', { bytes: 1, references: ['a', 'b', 'c'] }],
    ['b', { bytes: 2, references: ['c'] }],
    ['c', { bytes: 4, references: [] }],
    ['d', { bytes: 8, references: ['gone'] }],
  ])
  t.same(
    closureOf('a', infos),
    new Map([
      ['a', 1],
      ['b', 2],
      ['c', 4],
    ]),
  )
  t.equal(closureOf('d', infos), null)
})

// test/integration/build.test.ts compares with what Nix itself says.
t.test('the difference of two closures, one change a line', async (t) => {
  const closure = (names: Record<string, number>) =>
    new Map(Object.entries(names).map(([name, bytes]) => [`/nix/store/${'a'.repeat(32)}-${name}`, bytes]))
  const before = closure({
    'shop-frontend-2.3': 1,
    'lib-a-1.0': 1,
    'lib-a-1.1': 1,
    'old-one-3.1': 1,
    data: 20_000,
    small: 1,
  })
  const after = closure({
    'shop-frontend-2.4-bin': 9e9,
    'lib-a-1.1': 1,
    'new-one-1.0': 1,
    new: 1,
    data: 11_700,
    small: 99,
  })
  t.same(changesBetween(before, after), [
    'data -8.1 KiB',
    'lib-a 1.0 removed',
    'new added',
    'new-one 1.0 added',
    'old-one 3.1 removed',
    'shop-frontend 2.3 → 2.4',
  ])
  t.same(changesBetween(before, before), [])
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
