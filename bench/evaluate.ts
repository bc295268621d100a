// `node bench/evaluate.ts [ROUNDS] [--bare]`: what evaluating a project costs beside the start of Nix itself, by turns, in the
// receiver's own way or (--bare) without its sandbox. Two promises, each a ratio of medians: the manifest of a fixture within 2 ×
// the start, 200 environments within 3 × two. With HOSTENV_NIXPKGS_LIB also what nixpkgs' lib takes for the same.
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { discover } from '../src/config/discover.ts'
import { defaultLimits } from '../src/config/limits.ts'
import { makeNix } from '../src/lib/nix.ts'
import { accounts, sandboxHost } from '../src/lib/sandbox.ts'
import { mustRun, run } from '../src/lib/spawn.ts'
import { evaluator } from '../src/resolve/evaluate.ts'
import { expression } from '../src/resolve/expression.ts'
import { path, root } from '../test/helpers/programs.ts'
import { tempDir } from '../test/helpers/temp-dir.ts'
import { libs } from '../test/nix/libs.ts'
import { site } from '../test/nix/private-store.ts'
import { benchEnding } from './ending.ts'

const words = process.argv.slice(2)
const bare = words.includes('--bare')
const rounds = Number(words.find((word) => /^\d+$/.test(word)) ?? 21)
await using ending = benchEnding()
const directory = tempDir(ending)
const nix = makeNix({
  ...{ privateStore: join(directory, 'nix'), version: { major: 2, minor: 8 }, path, home: join(directory, 'home') },
  ...{ root: process.getuid?.() === 0, sandbox: true, sandboxPaths: [] },
})
for (const name of ['home', 'accounts']) mkdirSync(join(directory, name))
for (const name of ['passwd', 'group'] as const) writeFileSync(join(directory, 'accounts', name), accounts[name])
let count = 0

/** Adds what `write` puts into a folder to the store; answers its path there. */
async function add(write: (folder: string) => void): Promise<string> {
  const folder = join(directory, `add-${++count}`, 'source')
  mkdirSync(folder, { recursive: true })
  write(folder)
  return (await mustRun(nix.command(['nix-store', '--add', folder]))).trim()
}
const copy = (from: string) => add((folder) => cpSync(from, folder, { recursive: true }))

/** A project whose environments each have a user and a host name. */
const sized = (environments: number) =>
  add((folder) => {
    const each = Array.from({ length: environments }, (_, n) => {
      const users = `users.person-${n} = { email = "${n}@example.org"; publicKeys = [ "ssh-ed25519 AAAA${n} ${n}" ]; };`
      return `environments."feature/${n}" = { ${users} virtualHosts."${n}.example.org" = { }; };`
    })
    mkdirSync(join(folder, '.hostenv'))
    writeFileSync(
      join(folder, '.hostenv/hostenv.nix'),
      `{ pkgs, ... }: { ${each.join('\n')} processes.web.command = [ "\${pkgs.nodejs}/bin/node" ]; }`,
    )
  })

const ctx = {
  ...{ nix, stateDir: directory, limits: defaultLimits, library: await copy(join(root, 'nix')) },
  sandbox: bare ? null : sandboxHost(join(directory, 'accounts'), []),
  site: { ...site, hostPrograms: { ...(await discover(path)).hostPrograms, ...site.hostPrograms } },
}
const asked = (source: string, ref: string, packages: string | null = null) =>
  expression(
    { ...ctx, site: { ...ctx.site, packages } },
    {
      ...{ revision: 'c'.repeat(40), project: { organisation: 'acme', project: 'shop' } },
      ...{ select: { ref }, flake: null, others: false, trace: false },
    },
    source,
  )

// Those that bring a flake are not made with the library alone.
const inputs: Record<string, string> = { start: '1' }
for (const name of readdirSync(join(root, 'fixtures'))) {
  const has = (file: string) => existsSync(join(root, 'fixtures', name, '.hostenv', file))
  if (has('hostenv.nix') && !has('flake.nix'))
    inputs[name] = await asked(await copy(join(root, 'fixtures', name)), 'main')
}
const fixtures = Object.keys(inputs).slice(1)
const [two, many] = [await sized(2), await sized(200)]
inputs['2 environments'] = await asked(two, 'feature/0')
inputs['200 environments'] = await asked(many, 'feature/0')
const theirs = libs.find((lib) => lib.name === 'nixpkgs' && lib.skip === false)
if (theirs) {
  const packages = await add((folder) =>
    cpSync(theirs.folder, join(folder, 'lib'), { recursive: true, dereference: true }),
  )
  inputs["2 environments, nixpkgs' lib"] = await asked(two, 'feature/0', packages)
  inputs["200 environments, nixpkgs' lib"] = await asked(many, 'feature/0', packages)
}

const command = evaluator(ctx, false)
// The first time warms the caches, and tells those that must fail or that this machine lacks the programs for.
for (const [name, input] of Object.entries(inputs)) {
  const ran = await run({ ...command, input })
  if (ran.code === 0) continue
  console.log(`not measured: ${name} (${/error: (.*)/.exec(ran.stderr)?.[1]})`)
  delete inputs[name]
}
const times = Object.fromEntries(Object.keys(inputs).map((name) => [name, [] as number[]]))
for (let round = 0; round < rounds; round++)
  for (const [name, input] of Object.entries(inputs)) times[name]?.push((await run({ ...command, input })).duration)

const median = (name: string) => times[name]?.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN
let kept = true
function promise(name: string, of: string, limit: number): void {
  const ratio = median(name) / median(of)
  kept &&= ratio <= limit
  console.log(`${name}: ${ratio.toFixed(2)} × ${of}, ${ratio <= limit ? '' : 'NOT '}within ${limit} ×`)
}
for (const name of Object.keys(inputs)) console.log(`${median(name).toFixed(1).padStart(7)} ms  ${name}`)
console.log(`(medians of ${rounds}, by turns, ${bare ? 'bare' : 'in the sandbox of the receiver'})`)
for (const name of fixtures) if (name in inputs) promise(name, 'start', 2)
promise('200 environments', '2 environments', 3)
process.exitCode = kept ? 0 : 1
