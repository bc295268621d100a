// RUNTIME/admin.sock: what the operator's commands and a monitor ask a running receiver, over HTTP. For this user alone.
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { ConfigError } from '../config/config.ts'
import type { Context } from '../context.ts'
import { version } from '../lib/version.ts'
import { DeployTotals } from './deploy-totals.ts'
import { type Connections, collectMetrics } from './metrics.ts'
import { contentType, metricsText } from './metrics-text.ts'

export interface AdminOptions {
  readonly ctx: Pick<Context, 'state' | 'active' | 'lanes' | 'gate' | 'config' | 'log'>
  readonly connections: Connections
  /** For each user name the directory of the socket that its requests go to, or null when the front door does not serve it. */
  readonly routes: (userNames: readonly string[]) => Promise<readonly (string | null)[]>
}

export interface AdminSocket {
  /** From now on `/healthz` answers 503. */
  closing(): void
  close(): Promise<void>
}

/** Where the socket is. */
export function adminSocketPath(runtimeDir: string): string {
  return join(runtimeDir, 'admin.sock')
}

/** Opens the socket, mode 0600. Throws ConfigError when another receiver uses the runtime directory. */
export async function openAdminSocket(options: AdminOptions): Promise<AdminSocket> {
  const { runtimeDir } = options.ctx.config
  const path = adminSocketPath(runtimeDir)
  if (await answers(path))
    throw new ConfigError(`Another hostenv uses ${runtimeDir} for its sockets: name another one with --runtime DIR.`)
  rmSync(path, { force: true })
  const totals = new DeployTotals(options.ctx.state.deploys)
  let closing = false
  const server = createServer((request, response) => {
    handle(request, response, options, totals, () => closing).catch((error: unknown) => {
      options.ctx.log.error({ err: error }, 'the admin socket could not answer')
      if (!response.headersSent) text(response, 500, 'the receiver could not do its part; its log says why')
      else response.destroy()
    })
  })
  // A pause lasts as long as its connection, and a backup may take long.
  server.requestTimeout = 0
  server.timeout = 0
  // The directory is this user's alone (0700), so nobody can come between listen and chmod.
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  chmodSync(path, 0o600)
  return {
    closing: () => {
      closing = true
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  { ctx, connections, routes }: AdminOptions,
  totals: DeployTotals,
  closing: () => boolean,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://hostenv')
  const asked = `${request.method === 'HEAD' ? 'GET' : request.method} ${url.pathname}`
  if (asked === 'GET /healthz') {
    // Reads the record: a receiver that cannot is not healthy.
    const environments = ctx.state.environments.all().length
    const status = closing() ? 'closing' : ctx.gate.closed ? 'maintenance' : 'ok'
    json(response, closing() ? 503 : 200, { status, version, pid: process.pid, environments })
  } else if (asked === 'GET /metrics') {
    response.writeHead(200, { 'content-type': contentType })
    response.end(metricsText(await collectMetrics(ctx, totals, connections)))
  } else if (asked === 'GET /routes') {
    const names = ctx.state.environments.all().map((row) => row.user_name)
    const all = await routes(names)
    json(response, 200, Object.fromEntries(names.map((name, n) => [name, all[n] ?? null])))
  } else if (asked === 'POST /pause') await pause(request, response, ctx, url)
  else text(response, 404, 'GET /healthz, GET /metrics, GET /routes, POST /pause')
}

// Deploys wait from the answer's first byte until the connection ends, however it ends.
async function pause(
  request: IncomingMessage,
  response: ServerResponse,
  ctx: AdminOptions['ctx'],
  url: URL,
): Promise<void> {
  const wait = Math.min(Math.max(Number(url.searchParams.get('wait')) || 0, 0), 3600)
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const timer = setTimeout(() => gone.abort(), wait * 1000 + 1)
  const open = await ctx.gate.close(() => ctx.lanes.idle, gone.signal)
  clearTimeout(timer)
  if (open === null) {
    const ids = ctx.state.deploys.open().map(({ id }) => `d${id}`)
    return text(
      response,
      503,
      ids.length > 0 ? `still on their way: ${ids.join(', ')}` : 'other maintenance is running',
    )
  }
  if (response.destroyed) return open()
  ctx.log.info({ why: url.searchParams.get('why') }, 'paused: deploys wait')
  response.once('close', () => {
    open()
    ctx.log.info('deploys go on')
  })
  request.resume()
  response.writeHead(200, { 'content-type': 'text/plain' })
  response.write('paused\n')
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(value)}\n`)
}

function text(response: ServerResponse, status: number, line: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${line}\n`)
}
