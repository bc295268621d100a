// Every test of the library that does not ask both libraries itself, once more with nixpkgs' lib.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { run } from '../../src/lib/spawn.ts'
import { libs } from './libs.ts'
import { repository } from './private-store.ts'

const folder = join(repository, 'test/nix')
const others = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.test.ts') && !/libs\.ts'/.test(readFileSync(join(folder, name), 'utf8')),
)
const theirs = libs.find(({ name }) => name === 'nixpkgs')
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TAP|NODE_V8)/.test(name))) as Record<
  string,
  string
>

for (const name of others)
  t.test(name, { skip: theirs?.skip ?? false }, async (t) => {
    const ran = await run({
      argv: [process.execPath, join(folder, name)],
      env: { ...env, HOSTENV_TEST_LIB: 'nixpkgs' },
    })
    t.equal(ran.code, 0, ran.code === 0 ? 'passes' : `${ran.stdout}\n${ran.stderr}`)
  })
