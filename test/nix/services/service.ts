// One service, for real: its module evaluated and built, its processes run under s6, and whatever the test asks them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { discover } from '../../../src/config/discover.ts'
import type { Ran } from '../../../src/lib/spawn.ts'
import { type Lib, onEveryLib } from '../libs.ts'
import { type Store, site } from '../private-store.ts'
import { definition, serviceTree, type Tree } from '../service-tree.ts'

const path = process.env.PATH ?? '/usr/bin:/bin'
/** This machine's programs, as a receiver finds them. */
export const { hostPrograms } = await discover(path)

export interface Asked {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}
export interface Answer {
  readonly status: number | undefined
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: string
}

export interface Services {
  readonly store: Store
  /** Adds a project whose module is `environments.main = { };` and these lines, with `files` beside it. */
  project(lines: string, files?: Record<string, string>): Promise<string>
  /** The failure of its evaluation. */
  refused(lines: string, files?: Record<string, string>, site?: object): Promise<string>
  warnings(lines: string, files?: Record<string, string>): Promise<string[]>
  /** A tree with the services of these lines; rejects where they do not become ready. `before` may prepare its directories. */
  start(lines: string, files?: Record<string, string>, before?: (tree: Tree) => void): Promise<Tree>
  /** An empty tree, whose directories are below `directory`. There must be something in the store. */
  tree(directory: string): Promise<Tree>
  /** Runs the command of a process of the tree once, with its variables, as its schedule does. */
  job(tree: Tree, name: string): Promise<Ran>
  /** Brings a tree to other lines. */
  activate(tree: Tree, lines: string, files?: Record<string, string>): Promise<Ran>
}

/** A test of services for each library. `programs` are those without which it is skipped, with that reason. */
export function testServices(
  t: Test,
  programs: readonly string[],
  body: (t: Test, services: Services, lib: Lib) => Promise<void>,
): void {
  const missing = programs.filter((program) => hostPrograms[program] === undefined)
  onEveryLib(t, async (t, store, lib) => {
    if (missing.length > 0) t.pass('the service', { skip: `this machine has no ${missing.join(', ')}` })
    else await body(t, services(t, store), lib)
  })
}

function services(t: Test, store: Store): Services {
  const chosen = { hostPrograms: { ...hostPrograms, ...site.hostPrograms } }
  const project = (lines: string, files: Record<string, string> = {}) =>
    store.project(null, {
      '.hostenv/hostenv.nix': `{ config, lib, pkgs, ... }: {\n  environments.main = { };\n  ${lines}\n}\n`,
      ...files,
    })
  const built = async (lines: string, files?: Record<string, string>) =>
    store.package(await project(lines, files), { ref: 'main' }, chosen)
  const activate = async (tree: Tree, lines: string, files?: Record<string, string>) =>
    tree.activate(await built(lines, files))
  return {
    store,
    project,
    activate,
    async tree(directory) {
      const tree = serviceTree(t, store, directory)
      await tree.startSvscan()
      return tree
    },
    job: (tree, name) => tree.sh(`${definition(tree, name)}/run`),
    refused: async (lines, files, more = {}) =>
      store.failure(await project(lines, files), { ref: 'main' }, { ...chosen, ...more }),
    warnings: async (lines, files) =>
      (await store.evaluate(await project(lines, files), { ref: 'main' }, chosen)).warnings,
    async start(lines, files, before) {
      // The tree sees the store, so there must be one.
      const out = await built(lines, files)
      const tree = serviceTree(t, store)
      before?.(tree)
      await tree.startSvscan()
      const ran = await tree.activate(out)
      if (ran.code !== 0) throw new Error(`activate exits ${ran.code}: ${ran.stdout}\n${ran.stderr}`)
      return tree
    },
  }
}

/** Asks the environment's own HTTP socket, as the front door does. */
export function ask(tree: Tree, path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socketPath = join(tree.directory, 'up/in.sock')
    const asked = request({ socketPath, path, method, headers: { host: 'main.localhost', ...headers } }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }))
    })
    asked.on('error', reject).end(body)
  })
}

/** The log of a process once it has `words`; the loggers are processes of their own. After ten seconds what there is. */
export async function logOf(tree: Tree, name: string, words: RegExp): Promise<string> {
  for (let tries = 0; tries < 200 && !words.test(tree.log(name)); tries++) await sleep(50)
  return tree.log(name)
}

/** Gives a tree the secrets of a backup into `state/repository`. */
export function backupSecrets(tree: Tree): void {
  const secrets = join(tree.directory, 'run/secrets')
  mkdirSync(secrets, { recursive: true })
  writeFileSync(join(secrets, 'RESTIC_PASSWORD'), 'hidden\n')
  writeFileSync(join(secrets, 'RESTIC_REPOSITORY'), join(tree.directory, 'state/repository'))
}
