// The library computes the same names as the receiver, which refuses a manifest where they differ.
import { join } from 'node:path'
import t from 'tap'
import { environmentFacts, normalise } from '../../src/lib/names.ts'
import { table } from './names-table.ts'
import { privateStore, repository, site } from './private-store.ts'

t.test('nix/lib/names.nix and the receiver agree', async (t) => {
  const asked = table.map(([organisation, project, key]) => ({ ...site, organisation, project, key }))
  // JSON inside a Nix string: only its own escapes and `${` need care.
  const json = JSON.stringify(asked).replace(/[\\"]|\$\{/g, '\\$&')
  const ran = await privateStore(t).nix(
    `let names = import ${join(repository, 'nix/lib/names.nix')}; in
     map (site: names.environmentFacts site site.key "ref") (builtins.fromJSON "${json}")`,
  )
  t.equal(ran.stderr, '')
  const { domain, runtimeRoot: runtimeDir, stateRoot: stateDir } = site
  t.strictSame(
    JSON.parse(ran.stdout),
    table.map(([organisation, project, key]) =>
      environmentFacts(normalise(organisation, project), key, 'ref', { domain, runtimeDir, stateDir }),
    ),
  )
})
