// `node bench/evaluate.ts [ROUNDS]`: what evaluating a project costs beside the start of Nix itself, in the receiver's own way and
// by turns. Two promises, each a ratio of medians: a fixture's manifest within 2 × the start, 200 environments within 3 × two.
// With HOSTENV_NIXPKGS_LIB also how long nixpkgs' lib takes for the same.
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultLimits } from '../src/config/limits.ts'
import { makeNix, nixEnv } from '../src/lib/nix.ts'
import { mustRun, run } from '../src/lib/spawn.ts'
import { evaluator } from '../src/resolve/evaluate.ts'
import { expression } from '../src/resolve/expression.ts'
import { path, root } from '../test/helpers/programs.ts'
import { tempDir } from '../test/helpers/temp-dir.ts'
import { libs } from '../test/nix/libs.ts'
import { site } from '../test/nix/private-store.ts'
import { benchEnding } from './ending.ts'

const rounds = Number(process.argv[2] ?? 21)
await using ending = benchEnding()
const directory = tempDir(ending)
const nix = makeNix({
  ...{ privateStore: join(directory, 'nix'), version: { major: 2, minor: 8 }, path, home: join(directory, 'home') },
  ...{ root: process.getuid?.() === 0, sandbox: true, sandboxPaths: [] },
})
mkdirSync(join(directory, 'home'))
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

const library = await copy(join(root, 'nix'))
const ctx = { nix, sandbox: null, library, stateDir: directory, limits: defaultLimits, site }
const question = (source: string, ref: string) => ({
  ...{ source, revision: 'c'.repeat(40), project: { organisation: 'acme', project: 'shop' } },
  ...{ select: { ref }, flake: null, trace: false },
})
const asked = async (source: string, ref: string, packages: string | null = null) =>
  await expression({ ...ctx, site: { ...site, packages } }, question(source, ref))

// Those that bring a flake are not made with the library alone, and some must fail.
const fixtures = readdirSync(join(root, 'fixtures')).filter((name) => {
  const has = (file: string) => existsSync(join(root, 'fixtures', name, '.hostenv', file))
  return has('hostenv.nix') && !has('flake.nix') && !/^broken-(eval|assertion)/.test(name)
})
const [two, many] = [await sized(2), await sized(200)]
const inputs: Record<string, string> = { start: '1' }
for (const name of fixtures) inputs[name] = await asked(await copy(join(root, 'fixtures', name)), 'main')
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

const argv = [...nix.plain(evaluator(false)), '--option', 'build-users-group', ''] as [string, ...string[]]
const times = Object.fromEntries(Object.keys(inputs).map((name) => [name, [] as number[]]))
const failed = new Set<string>()
for (let round = -1; round < rounds; round++)
  for (const [name, input] of Object.entries(inputs)) {
    const ran = await run({ argv, env: nixEnv(nix), input })
    if (ran.code !== 0) failed.add(`${name} does not evaluate: ${ran.stderr.trim().split('\n')[0]}`)
    // The first round warms the caches.
    if (round >= 0) times[name]?.push(ran.duration)
  }

const median = (name: string) => times[name]?.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN
let kept = true
function promise(name: string, of: string, limit: number): void {
  const ratio = median(name) / median(of)
  kept &&= ratio <= limit
  const verdict = ratio <= limit ? 'within' : 'NOT within'
  console.log(`${name}: ${ratio.toFixed(2)} × ${of}, ${verdict} ${limit} ×`)
}
for (const name of Object.keys(inputs)) console.log(`${median(name).toFixed(1).padStart(7)} ms  ${name}`)
console.log(`(medians of ${rounds}, by turns)`)
for (const name of fixtures) promise(name, 'start', 2)
promise('200 environments', '2 environments', 3)
for (const why of failed) console.log(why)
process.exitCode = kept && failed.size === 0 ? 0 : 1
