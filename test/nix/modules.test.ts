// The library answers as nixpkgs' lib does. test/nix/modules/ holds the questions by subject, each with its answer, or with what the
// message must say where the answer is an error; both libraries are asked the same.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { libs } from './libs.ts'
import { privateStore, repository } from './private-store.ts'

type Case = { readonly error: string[] } | { readonly want: unknown; readonly got: unknown }

const folder = join(repository, 'test/nix/modules')
const subjects = readdirSync(folder).filter((name) => name.endsWith('.nix'))
const store = privateStore(t)

for (const lib of libs)
  t.test(`${lib.name} lib`, { skip: lib.skip }, async (t) => {
    for (const subject of subjects)
      t.test(subject, async (t) => {
        const cases = `import ${join(folder, subject)} { lib = import ${lib.folder}; }`
        const answers = await store.nix(
          `builtins.mapAttrs (_: c: if c ? error then { inherit (c) error; } else { inherit (c) want; got = c.expr; }) (${cases})`,
        )
        if (answers.code !== 0) throw new Error(answers.stderr)
        for (const [name, asked] of Object.entries<Case>(JSON.parse(answers.stdout))) {
          if ('want' in asked) {
            t.strictSame(asked.got, asked.want, name)
            continue
          }
          const failed = await store.nix(`(${cases}).${JSON.stringify(name)}.expr`)
          t.not(failed.code, 0, `${name}: is an error`)
          const message = failed.stderr.replace(/\u001b\[[0-9;]*m/g, '')
          for (const said of asked.error) t.match(message, new RegExp(said), `${name}: ${said}`)
        }
      })
  })
