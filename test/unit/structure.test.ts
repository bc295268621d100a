// The shape of the source: which file may import what, how long a file gets, and what no file may say.
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import t from 'tap'

const root = resolve(import.meta.dirname, '../..')
const stages = ['transport', 'receive', 'resolve', 'build', 'activate', 'report']
/** What a stage may import from `src/` besides its own folder. */
const common = /^(records\.ts|lib\/|state\/|config\/)/

const sources = globSync('src/**/*.ts', { cwd: root })
  .sort()
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

function imports(text: string): string[] {
  return [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] as string)
}

function stageOf(path: string): string | undefined {
  const folder = relative('src', path).split('/')[0]
  return stages.find((stage) => stage === folder)
}

t.test('stages never import one another', async (t) => {
  for (const { path, text } of sources) {
    const stage = stageOf(path)
    if (stage === undefined) continue
    // The context's type may be named; what is in it comes as an argument.
    const named = text.replaceAll(/^import type .*context\.ts'$/gm, '')
    for (const name of imports(named).filter((name) => name.startsWith('.'))) {
      const target = relative('src', join(dirname(path), name))
      t.ok(target.startsWith(`${stage}/`) || common.test(target), `${path} may import src/${target}`)
    }
  }
})

t.test('the shared folders import no stage', async (t) => {
  for (const { path, text } of sources.filter(({ path }) => /^src\/(lib|state|config)\//.test(path))) {
    const wrong = imports(text)
      .filter((name) => name.startsWith('.'))
      .map((name) => join(dirname(path), name))
      .filter((target) => stageOf(target) !== undefined || target.startsWith('src/operate/'))
    t.same(wrong, [], `${path} imports no stage`)
  }
})

t.test("the operator's commands look at the stages; only the wiring knows of them", async (t) => {
  const wiring = ['src/cli.ts', 'src/server.ts']
  for (const { path, text } of sources.filter(
    ({ path }) => !path.startsWith('src/operate/') && !wiring.includes(path),
  )) {
    const known = imports(text).filter(
      (name) => name.startsWith('.') && join(dirname(path), name).startsWith('src/operate/'),
    )
    t.same(known, [], `${path} imports nothing of src/operate`)
  }
})

const starters = ['src/lib/spawn.ts', 'src/lib/launch.ts', 'src/lib/launcher.ts']

t.test(
  'only lib/spawn.ts, launch.ts and launcher.ts start processes, only config/env.ts reads the environment',
  async (t) => {
    for (const { path, text } of sources) {
      // A type is no process.
      const starts = /^import (?!type\b).*'(node:child_process|child_process)'/m.test(text)
      t.ok(!starts || starters.includes(path), `${path} starts no process`)
      t.ok(!/process\.env\b/.test(text) || path === 'src/config/env.ts', `${path} leaves process.env alone`)
    }
  },
)

t.test('source files are at most 250 lines and say what they own', async (t) => {
  for (const { path, text } of sources) {
    t.ok(text.split('\n').length <= 251, `${path} is short`)
    t.match(text.replace(/^#!.*\n/, ''), /^\/[/*]/, `${path} opens with a comment`)
  }
})

t.test('no tracked file names a registry host or a directory of a developer machine', async (t) => {
  // Put together here, so that this file does not name them either.
  const words = [
    ['registry', 'npmjs'],
    ['pypi', 'org'],
    ['deb', 'debian'],
  ].map((parts) => parts.join('.'))
  const places = ['work', 'home', 'Users'].map((name) => `/${name}/`)
  const forbidden = [...words, `${places[0]}main`, `${places[0]}shared`]
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean)
  for (const path of tracked.filter((path) => existsSync(join(root, path)))) {
    const text = readFileSync(join(root, path), 'latin1')
    t.same(
      forbidden.filter((word) => text.includes(word)),
      [],
      path,
    )
  }
})
