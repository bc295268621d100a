// Which sources a project's flake may have, read from its flake.lock before Nix starts. Nix is given what is made here, and
// asked to resolve nothing: no reference of a project reaches it.
import { posix } from 'node:path'
import { sourceStorePath } from '../lib/store-path.ts'
import { Refused } from '../records.ts'
import { isPublicHost, type LockedSource, type LockFile, lockedSource, lockFile } from './lock-schema.ts'

/** A flake.lock with everything decided, as nix/flake/call.nix takes it. */
export interface FlakeLock {
  /** Name of the flake's own input → node. */
  readonly inputs: Readonly<Record<string, string>>
  /** What each of them was locked for: to tell a lock file that is older than flake.nix. */
  readonly declared: Readonly<Record<string, { follows: readonly string[] } | { original: object }>>
  readonly nodes: Readonly<Record<string, FlakeNode>>
}

export type FlakeNode = {
  readonly flake: boolean
  readonly dir: string
  readonly inputs: Readonly<Record<string, string>>
} & (Fetched | InTree)

interface Fetched {
  readonly path: string
  readonly narHash: string
  readonly info: Readonly<Record<string, string | number>>
  /** What to fetch it with, and what to call it; not for the evaluation. */
  readonly source: Exclude<LockedSource, { type: 'path' }>
  readonly name: string
}

interface InTree {
  /** The node whose tree it is a folder of; null: the project's own. */
  readonly parent: string | null
  readonly relative: string
}

/** The command that makes a lock file right. */
export const relock = 'nix flake lock ./.hostenv && git add .hostenv/flake.lock'
const hubs = { github: 'github.com', gitlab: 'gitlab.com', sourcehut: 'git.sr.ht' }

/** Reads a flake.lock. Throws Refused that names the input and says what is wrong with it. */
export function parseFlakeLock(text: string, allowedGitHosts: readonly string[]): FlakeLock {
  const file = frame(text)
  const rootInputs = follow(file, file.root)
  const nodes = new Map<string, FlakeNode>()
  const todo: Step[] = Object.entries(rootInputs).map(([name, key]) => ({
    name,
    key,
    parent: null,
    folder: '.hostenv',
  }))
  for (let step = todo.shift(); step; step = todo.shift()) {
    const { key, name } = step
    if (nodes.has(key)) continue
    const node = readNode(file, step, allowedGitHosts)
    nodes.set(key, node)
    const inside = 'relative' in node ? node : { parent: key, relative: '' }
    const place = { parent: inside.parent, folder: posix.join(inside.relative, node.dir) }
    for (const [input, of] of Object.entries(node.inputs)) todo.push({ name: `${name}/${input}`, key: of, ...place })
  }
  return { inputs: rootInputs, declared: declared(file), nodes: Object.fromEntries(nodes) }
}

/** The sources of a lock file that come from elsewhere. */
export function fetchedNodes(lock: FlakeLock): Fetched[] {
  return Object.values(lock.nodes).filter((node) => 'path' in node)
}

/** The JSON for the evaluation. */
export function lockForNix(lock: FlakeLock): object {
  const nodes = Object.entries(lock.nodes).map(([key, node]) => {
    if (!('path' in node)) return [key, node]
    const { source, name, path, ...rest } = node
    return [key, rest]
  })
  return { ...lock, nodes: Object.fromEntries(nodes) }
}

interface Step {
  /** The input's path of names from the flake, for people. */
  readonly name: string
  readonly key: string
  /** Where a relative path starts. */
  readonly parent: string | null
  readonly folder: string
}

function readNode(file: LockFile, step: Step, allowedGitHosts: readonly string[]): FlakeNode {
  const { name, key } = step
  const node = file.nodes[key]!
  const said = node.locked
  if (said === undefined) throw unlocked(name)
  const common = { flake: node.flake ?? true, inputs: follow(file, key) }
  if (said.type === 'path') {
    const path = typeof said.path === 'string' ? said.path : ''
    const start = node.parent?.length === 0 ? { parent: null, folder: '.hostenv' } : step
    const relative = posix.join(start.folder, path, '.').replace(/^\.$|\/$/, '')
    if (path === '' || path.startsWith('/') || relative === '..' || relative.startsWith('../'))
      throw notAllowed(name, said, 'it is outside of the repository')
    const source = read(name, said)
    return { ...common, dir: source.dir ?? '', parent: start.parent, relative }
  }
  if (typeof said.type !== 'string' || !lockedTypes.has(said.type))
    throw notAllowed(name, said, 'this type is not allowed')
  if (typeof said.narHash !== 'string') throw unlocked(name)
  const source = read(name, said)
  if (source.type === 'path') throw unlocked(name)
  checkHost(name, source, allowedGitHosts)
  const { narHash, dir = '' } = source
  return { ...common, dir, path: sourceStorePath(narHash), narHash, info: info(source), source, name }
}

const lockedTypes = new Set(['github', 'gitlab', 'sourcehut', 'tarball', 'git'])

function read(name: string, said: Readonly<Record<string, unknown>>): LockedSource {
  const parsed = lockedSource.safeParse(said)
  if (parsed.success) return parsed.data
  const field = parsed.error.issues[0]?.path.join('.')
  const what = field || parsed.error.issues.flatMap((issue) => ('keys' in issue ? issue.keys : [])).join(', ')
  throw notAllowed(name, said, `'${what}' is not what it should be`)
}

function checkHost(name: string, source: Exclude<LockedSource, { type: 'path' }>, allowed: readonly string[]): void {
  if ('owner' in source) {
    if (source.host !== undefined && source.host !== hubs[source.type] && !allowed.includes(source.host))
      throw notAllowed(name, source, `${source.host} is not on the operator's list of git hosts`)
    return
  }
  const url = URL.canParse(source.url) ? new URL(source.url) : null
  const schemes = source.type === 'git' ? ['https:', 'ssh:'] : ['https:']
  if (url === null || !schemes.includes(url.protocol))
    throw notAllowed(name, source, `only ${schemes.join(' and ')} is allowed`)
  if (url.password !== '' || (url.username !== '' && url.protocol !== 'ssh:') || url.username.startsWith('-'))
    throw notAllowed(name, { type: source.type, url: url.host }, 'its address has a user or a password in it')
  if (source.type === 'git' && !allowed.includes(url.hostname))
    throw notAllowed(name, source, `${url.hostname} is not on the operator's list of git hosts`)
  if (source.type === 'tarball' && !isPublicHost(url.hostname))
    throw notAllowed(name, source, `${url.hostname} is no public host name`)
}

// What a flake sees of a source beside its files, as Nix's own fetchers say it.
function info(source: Exclude<LockedSource, { type: 'path' }>): Record<string, string | number> {
  const { lastModified: time, rev } = source
  const date = time === undefined ? '' : new Date(time * 1000).toISOString().replace(/[-:T]|\.\d+Z/g, '')
  return {
    ...(time === undefined ? {} : { lastModified: time, lastModifiedDate: date }),
    ...(rev === undefined ? {} : { rev, shortRev: rev.slice(0, 7) }),
  }
}

// Every input of a node as the node that it is in the end.
function follow(file: LockFile, key: string): Record<string, string> {
  const node = Object.hasOwn(file.nodes, key) ? file.nodes[key] : undefined
  if (!node) throw malformed(`there is no node '${key}'`)
  return Object.fromEntries(Object.entries(node.inputs ?? {}).map(([name, to]) => [name, target(file, to, 0)]))
}

function target(file: LockFile, to: string | readonly string[], depth: number): string {
  if (depth > 100) throw malformed('inputs follow one another in a circle')
  if (typeof to === 'string') {
    if (!Object.hasOwn(file.nodes, to)) throw malformed(`there is no node '${to}'`)
    return to
  }
  let key = file.root
  for (const name of to) {
    const inputs = file.nodes[key]?.inputs ?? {}
    const next = Object.hasOwn(inputs, name) ? inputs[name] : undefined
    if (next === undefined) throw malformed(`'${to.join('/')}' is followed, but is not there`)
    key = target(file, next, depth + 1)
  }
  if (key === file.root) throw malformed('an input follows the flake itself')
  return key
}

function declared(file: LockFile): FlakeLock['declared'] {
  const inputs = Object.entries(file.nodes[file.root]?.inputs ?? {})
  return Object.fromEntries(
    inputs.map(([name, to]) => {
      if (typeof to !== 'string') return [name, { follows: to }]
      const node = file.nodes[to]
      return [name, { original: { type: '', ...(node?.original ?? node?.locked) } }]
    }),
  )
}

function frame(text: string): LockFile {
  let said: unknown
  try {
    said = JSON.parse(text)
  } catch {
    throw malformed('it is no JSON')
  }
  const parsed = lockFile.safeParse(said)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw malformed(`${issue?.path.join('.')}: ${issue?.message}`)
}

function malformed(what: string): Refused {
  return new Refused(`.hostenv/flake.lock cannot be read: ${what}`, { help: [`Make it again: ${relock}`] })
}

/** The refusal for an input that could be anything tomorrow. */
export function unlocked(names: string): Refused {
  return new Refused(`flake input ${names} is not locked`, {
    headline: `Flake input ${names} is not locked in .hostenv/flake.lock`,
    help: [`Lock it, and push again: ${relock}`],
  })
}

/** The refusal for a lock file that was not made for this flake.nix. */
export function stale(names: string): Refused {
  return new Refused(`flake input ${names}: flake.lock is not of this flake.nix`, {
    headline: `Flake input ${names} is another in .hostenv/flake.nix than in .hostenv/flake.lock`,
    help: [`Lock it again, and push again: ${relock}`],
  })
}

function notAllowed(name: string, said: Readonly<Record<string, unknown>>, why: string): Refused {
  // Whatever stands there may be any JSON, and is shown as what it is.
  const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
  const hub = [said.host, said.owner, said.repo].filter(Boolean).map(shown).join('/')
  const from = shown(said.url ?? said.path ?? said.id ?? hub)
  const text = `${shown(said.type) ?? 'no type'}${from ? `:${from}` : ''}`.slice(0, 200)
  return new Refused(`flake input ${name} (${text}) is refused: ${why}`, {
    headline: `Flake input ${name} is refused: ${why}`,
    detail: [text],
    help: [
      'Allowed are github, gitlab, sourcehut, https tarballs, git over https or ssh from hosts on',
      "the operator's list, and folders of the repository itself.",
    ],
  })
}
