// `ssh -L ./db.sock:ENV/postgres.sock HOST`: which socket of which environment a path means, and whether its person may reach it.
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { placeOf } from './activate/plan.ts'
import type { Context } from './context.ts'
import { normalise } from './lib/names.ts'
import { linkSocketBelow } from './lib/own-socket.ts'
import { projectName } from './lib/repositories.ts'
import type { ProjectId } from './records.ts'
import { decide, record } from './state/decide.ts'
import type { OpenSocket, SocketRequest } from './transport/ssh/types.ts'
import { whilePermitted } from './while-permitted.ts'

/** Folders in which a socket may lie below the environment's directory, and its name. */
const MOST_PARTS = 4
/** Bytes of a path; unix(7) allows no longer ones. */
const LONGEST = 400

interface Meant {
  readonly project: ProjectId
  readonly key: string
  readonly parts: readonly string[]
}

/** Connects to the socket that a path means. Null for what is not there, not a socket of the environment's, or not theirs to reach. */
export async function openSocket(ctx: Context, request: SocketRequest): Promise<OpenSocket | null> {
  const meant = meaning(ctx, request)
  if (meant === null) {
    const line = { action: 'socket', project: null, key: null, subject: request.path, allowed: false }
    record(ctx.state, request, { ...line, why: 'no environment that this key may see' })
    return null
  }
  const { key, parts } = meant
  const project = projectName(meant.project)
  const question = { action: 'socket', project, key, subject: parts.join('/') } as const
  if (!decide(ctx.state, request, question).allowed) return null
  const stream = await reach(ctx, meant)
  if (stream === null) return null
  const permission = whilePermitted(ctx, request, question)
  return { stream, end: permission.signal, closed: () => permission[Symbol.dispose]() }
}

// `KEY/SOCKET` or `ORG/PROJECT:KEY/SOCKET`. Keys have slashes too: the longest key of an environment that is there counts.
function meaning(ctx: Context, { path, pusher }: SocketRequest): Meant | null {
  if (Buffer.byteLength(path) > LONGEST || /[\u0000-\u001f\u007f]/.test(path)) return null
  const colon = path.indexOf(':')
  const projects = ctx.state.people.accessible(pusher)
  const project =
    colon === -1 ? (projects.length === 1 ? projects[0] : undefined) : named(projects, path.slice(0, colon))
  if (!project) return null
  const rest = path.slice(colon + 1)
  const keys = ctx.state.environments.ofProject(projectName(project)).map(({ key }) => key)
  const key = keys.filter((one) => rest.startsWith(`${one}/`)).reduce((a, b) => (b.length > a.length ? b : a), '')
  const parts = rest.slice(key.length + 1).split('/')
  return key === '' || parts.length > MOST_PARTS ? null : { project, key, parts }
}

function named(projects: readonly ProjectId[], name: string): ProjectId | undefined {
  const [organisation = '', project = '', ...more] = name.split('/')
  const wanted = projectName(normalise(organisation, project))
  return more.length > 0 ? undefined : projects.find((one) => projectName(one) === wanted)
}

// By a private link to the very socket that was checked, in $HOSTENV_RUNTIME_DIR or in $HOSTENV_UPSTREAM_DIR.
async function reach(ctx: Context, { project, key, parts }: Meant): Promise<Socket | null> {
  const { facts } = placeOf(ctx, project, key)
  const link = join(ctx.config.runtimeDir, 'door', `s${randomBytes(6).toString('hex')}`)
  for (const directory of [facts.runtimeDir, facts.upstreamRuntimeDir]) {
    try {
      linkSocketBelow(directory, parts, process.getuid?.() ?? 0, link)
      return await connected(link)
    } catch (error) {
      ctx.log.debug({ project: projectName(project), key, err: error }, 'no such socket')
    } finally {
      rmSync(link, { force: true })
    }
  }
  return null
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true })
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
    socket.once('error', reject)
  })
}
