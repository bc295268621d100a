// The build stage with the real Nix and a private store: what is told, what is rooted, and what is left after a cancel.

import { existsSync, mkdtempSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { t } from 'tap'
import { type BuildOptions, build } from '../../src/build/build.ts'
import { describeClosure } from '../../src/build/closure.ts'
import { planBuild, planFromStore } from '../../src/build/plan.ts'
import { makeNix } from '../../src/lib/nix.ts'
import { mustRun, run } from '../../src/lib/spawn.ts'
import { type DeployEvent, type Derivation, Refused } from '../../src/records.ts'
import { until } from '../helpers/agree.ts'

const root = mkdtempSync(join(tmpdir(), 'hostenv-build-'))
const sandboxPaths = ['/bin/sh=/usr/bin/busybox', '/usr', ...['/lib', '/lib64'].filter((path) => existsSync(path))]
const version = /(\d+)\.(\d+)/.exec(
  await mustRun({ argv: ['nix', '--version'], env: { PATH: process.env.PATH ?? '' } }),
)
const nix = makeNix({
  privateStore: join(root, 'store'),
  version: { major: Number(version?.[1]), minor: Number(version?.[2]) },
  path: process.env.PATH ?? '',
  home: root,
  root: process.getuid?.() === 0,
  sandboxPaths,
  sandbox: true,
})

// Store paths are read-only, folders too.
t.teardown(async () => {
  await run({ argv: ['chmod', '-R', 'u+w', root], env: { PATH: process.env.PATH ?? '' } })
  rmSync(root, { recursive: true, force: true })
})

writeFileSync(
  join(root, 'd.nix'),
  `let
    d = name: script: extra: derivation ({
      inherit name; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" script ]; PATH = "/usr/bin:/bin";
    } // extra);
    lib = v: d "lib-\${v}" "echo lib \${v}; echo \${v} > $out" {};
    shop = v: d "shop-\${v}" "mkdir $out; cat \${lib v} > $out/v; printf 'caf\\\\351\\\\n'; echo built \${v}" {};
    f = name: kib: d name "head -c \${toString (kib * 1024)} /dev/zero > $out" {};
    needs = name: all: d "all-\${name}" "echo \${toString all} > $out" {};
  in {
    one = shop "1.0"; two = shop "2.0";
    fails = d "broken" "for i in $(seq 40); do echo line $i; done; echo oops >&2; exit 7" {};
    hash = d "fetched" "echo hello > $out" {
      outputHashMode = "flat"; outputHashAlgo = "sha256"; outputHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    };
    slow = d "slow" "echo begun; sleep 300" {};
    before = needs "one" [ (f "a-1.0" 1) (f "plain" 1) (f "c-2.0-bin" 1) (f "grows-1" 10) (f "both-1" 1) (f "both-2" 1) (f "was-3.1" 1) (f "lost" 1) ];
    after = needs "two" [ (f "a-1.1" 1) (f "new" 1) (f "c-2.1-bin" 1) (f "grows-1" 90) (f "both-2" 1) (f "plain" 2) (f "come-1-dev" 1) (f "plain-7" 1) ];
    noisy = d "noisy" "yes abcdefghijklmnopqrstuvwxyz | head -n 20000; head -c 3000000 /dev/zero | tr '\\\\0' x; echo; echo > $out" {};
  }`,
)

async function derivation(name: string): Promise<Derivation> {
  const print = (attribute: string) =>
    mustRun(nix.command(['eval', '--raw', '-f', join(root, 'd.nix'), `${name}.${attribute}`]))
  return { drvPath: await print('drvPath'), outPath: await print('outPath') }
}

function watched(name: string, more: Partial<BuildOptions> = {}) {
  const events: DeployEvent[] = []
  const log: string[] = []
  const outLink = join(root, `out-${name}`)
  const options: BuildOptions = {
    nix,
    outLink,
    log: (line) => log.push(line),
    emit: (event) => events.push(event),
    later: (event) => void event.then((known) => events.push(known)),
    signal: AbortSignal.timeout(60_000),
    previous: null,
    ...more,
  }
  return { events, log, outLink, options }
}

// Those of a namespace end a moment after its first one.
async function nothingLeft(): Promise<void> {
  const look = () => run({ argv: ['pgrep', '-f', `${root}/store`], env: { PATH: process.env.PATH ?? '' } })
  await until('no process of it is left', async () => (await look()).stdout === '')
}

t.test('what changed is what Nix itself says, and so is the size', async (t) => {
  const paths: string[] = []
  for (const name of ['before', 'after'])
    paths.push((await build(await derivation(name), watched(`changed-${name}`).options)).storePath)
  const [before = '', after = ''] = paths
  const signal = new AbortController().signal
  const { closureBytes, since } = await describeClosure(nix, after, { release: 1, storePath: before }, signal)
  const said = await mustRun(nix.query(['store', 'diff-closures', before, after]))
  t.same(since?.changes, said.split('\n').flatMap(inWords))
  t.ok((since?.changes.length ?? 0) > 8, said)
  const sizes = JSON.parse(await mustRun(nix.query(['path-info', '--closure-size', '--json', before, after])))
  const size = (path: string): number =>
    Array.isArray(sizes) ? sizes.find((one) => one.path === path).closureSize : sizes[path].closureSize
  t.equal(closureBytes, size(after))
  t.equal(since?.deltaBytes, size(after) - size(before))
})

/** A line of `nix store diff-closures` as the receiver says it: without colours, sizes beside versions, and signs for nothing. */
function inWords(line: string): string[] {
  const [, name, rest] = /^(\S+): (.+)$/.exec(stripVTControlCharacters(line).trim()) ?? []
  if (name === undefined || rest === undefined) return []
  const [, before = '', after = ''] = /^(.*?) → (.*?)(?:, [+-][\d.]+ [KMGT]?i?B)?$/.exec(rest) ?? []
  if (after === '') return [`${name} ${rest}`]
  if (before === '∅') return [after === 'ε' ? `${name} added` : `${name} ${after} added`]
  if (after === '∅') return [before === 'ε' ? `${name} removed` : `${name} ${before} removed`]
  return [`${name} ${before} → ${after}`]
}

t.test('where nothing can be fetched, the plan is read from the store, and is what Nix says', async (t) => {
  t.notOk(nix.substitutes)
  for (const name of ['one', 'two', 'hash']) {
    const wanted = await derivation(name)
    const said = await planBuild(
      nix.query(['build', wanted.drvPath, '--dry-run', '--log-format', 'internal-json']),
      AbortSignal.timeout(60_000),
    )
    const read = planFromStore(wanted, nix.realPath)
    t.same(read?.builds.toSorted(), said?.builds.toSorted(), name)
    t.equal(read?.builds.length, name === 'hash' ? 1 : 2)
  }
  t.equal(planFromStore({ drvPath: '/nix/store/nowhere.drv', outPath: '' }, nix.realPath), null)
})

t.test('a build is told, rooted and measured; a second one is cached', async (t) => {
  const one = await derivation('one')
  const first = watched('one')
  const built = await build(one, first.options)
  t.match(built, { storePath: one.outPath, cached: false, outLink: first.outLink })
  t.ok(((await built.closure).closureBytes ?? 0) > 0)
  t.equal(readlinkSync(first.outLink), one.outPath)
  t.ok(statSync(nix.realPath(one.outPath)).isDirectory())
  const roots = await mustRun(nix.command(['nix-store', '--gc', '--print-roots']))
  t.match(roots, first.outLink, 'the garbage collector knows the link')
  t.same(
    first.events.map(({ type }) => type).filter((type) => type !== 'build-line'),
    ['build-plan', 'build-started', 'build-finished', 'build-started', 'build-finished', 'built'],
  )
  t.match(first.events[0], { builds: 2, fetches: 0, cached: 0 })
  t.match(first.events[1], { name: 'lib-1.0', n: 1, total: 2 })
  t.match(
    first.log.filter((line) => line.startsWith('shop-1.0> ')),
    ['shop-1.0> caf\ufffd', 'shop-1.0> built 1.0'],
  )

  const again = watched('again')
  const second = await build(one, again.options)
  t.match(second, { storePath: one.outPath, cached: true })
  await second.closure
  await sleep(10)
  t.equal(readlinkSync(again.outLink), one.outPath)
  t.same(
    again.events.map(({ type }) => type),
    ['build-plan', 'built'],
  )

  const two = watched('two', { previous: { release: 6, storePath: one.outPath } })
  await (await build(await derivation('two'), two.options)).closure
  await sleep(10)
  t.match(two.events.at(-1), { type: 'built', since: { release: 6, changes: ['shop 1.0 → 2.0'] } })

  const gone = { release: 5, storePath: `/nix/store/${'0'.repeat(32)}-gone` }
  const unknown = watched('unknown', { previous: gone })
  const { closureBytes } = await (await build(one, unknown.options)).closure
  await sleep(10)
  t.ok((closureBytes ?? 0) > 0, 'a collected previous release does not matter')
  t.match(unknown.events.at(-1), { type: 'built', since: null })
})

t.test('a failing build is refused with its name, how, and its last 25 lines', async (t) => {
  const { events, log, options, outLink } = watched('fails')
  await t.rejects(build(await derivation('fails'), options), {
    name: 'Refused',
    message: 'build failed: broken exit 7',
    headline: '',
  })
  const failed = events.at(-1)
  t.match(failed, { type: 'build-failed', name: 'broken', how: 'exit 7' })
  t.equal(failed?.type === 'build-failed' && failed.tail.length, 25)
  t.equal(failed?.type === 'build-failed' && failed.tail.at(-1), 'oops')
  t.ok(log.includes('broken> line 1'), 'the log has all lines')
  t.notOk(existsSync(outLink))
})

t.test('a wrong hash prints the right one', async (t) => {
  const { events, options } = watched('hash')
  await t.rejects(build(await derivation('hash'), options), {
    name: 'Refused',
    message: 'build failed: fetched hash mismatch',
    headline: '',
  })
  t.match(events.at(-1), { gotHash: 'sha256-WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=' })
})

t.test('lines come while the build runs, and a cancel ends it with its builders', async (t) => {
  const stop = new AbortController()
  const { options } = watched('slow', { signal: stop.signal })
  let begun = 0
  const emit: typeof options.emit = (event) => {
    options.emit(event)
    if (event.type !== 'build-line' || event.line !== 'begun') return
    // Only a line that does not wait for the end of the build gets here.
    begun = Date.now()
    stop.abort()
  }
  await t.rejects(build(await derivation('slow'), { ...options, emit }), new Refused('cancelled'))
  t.ok(Date.now() - begun < 20_000, 'promptly')
  await nothingLeft()
  t.match(await build(await derivation('one'), watched('after').options), { cached: true }, 'the store still works')
})

t.test('a Nix that cannot be started fails its build and nothing else, and no other Nix goes on', async (t) => {
  const nowhere = (): ReturnType<typeof nix.query> => ({ argv: ['nix'], env: { PATH: '/nowhere' } })
  const { options } = watched('nowhere')
  for (const broken of [
    { ...nix, command: nowhere },
    { ...nix, substitutes: true, query: nowhere },
    { ...nix, substitutes: true, command: nowhere, query: nowhere },
  ])
    await t.rejects(build(await derivation('slow'), { ...options, nix: broken }), /cannot start|ENOENT/)
  await nothingLeft()
})

t.test('a noisy build is cut on disk and in what is shown, and succeeds', async (t) => {
  const { events, log, options } = watched('noisy', {
    limits: { maxLogBytes: 100_000, maxProcesses: 4096, maxDerivationLogBytes: 64 * 1024 * 1024 },
  })
  await build(await derivation('noisy'), options)
  t.ok(log.join('\n').length < 101_000)
  t.match(log.at(-1), 'the log is cut here')
  t.ok(events.every((event) => event.type !== 'build-line' || event.line.length <= 4096))
})

t.test('a Nix that cannot do its work is a refusal with its own words', async (t) => {
  const { options } = watched('nothing')
  const nothing = `/nix/store/${'0'.repeat(32)}-nothing`
  await t.rejects(build({ drvPath: `${nothing}.drv`, outPath: nothing }, options), {
    name: 'Refused',
    message: /^build failed: nix exit 1: .*nothing/,
  })
})
