// The module evaluator answers as nixpkgs' does, as far as it goes; modules.nix holds the questions and the answers.
import { join } from 'node:path'
import t from 'tap'
import { privateStore, repository } from './private-store.ts'

t.test('modules', async (t) => {
  const file = join(repository, 'test/nix/modules.nix')
  const ran = await privateStore(t).nix(`import ${file} { lib = import ${join(repository, 'nix/lib')}; }`)
  t.equal(ran.stderr, '')
  for (const { name, got, want } of JSON.parse(ran.stdout)) t.strictSame(got, want, name)
})
