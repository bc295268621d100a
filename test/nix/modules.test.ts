// The module evaluator answers as nixpkgs' does, as far as it goes; modules.nix holds the questions and the answers.
import { join } from 'node:path'
import t from 'tap'
import { onEveryLib } from './libs.ts'
import { repository } from './private-store.ts'

onEveryLib(t, async (t, store, lib) => {
  const file = join(repository, 'test/nix/modules.nix')
  const ran = await store.nix(`import ${file} { lib = import ${lib.folder}; }`)
  t.equal(ran.stderr, '')
  for (const { name, got, want } of JSON.parse(ran.stdout)) t.strictSame(got, want, name)
})
