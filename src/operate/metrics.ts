// What a running receiver tells Prometheus about itself.
import { readdirSync, readFileSync, statfsSync } from 'node:fs'
import type { Context } from '../context.ts'
import { version } from '../lib/version.ts'
import { migrations } from '../state/migrations.ts'
import type { DeployTotals } from './deploy-totals.ts'
import { histogram, type Metric } from './metrics-text.ts'

export interface Connections {
  readonly ssh: () => number
  readonly http: () => number
}

/** Everything there is, as of now. Reads only rows that came since the last time. */
export async function collectMetrics(
  ctx: Pick<Context, 'state' | 'active' | 'lanes' | 'gate' | 'config'>,
  totals: DeployTotals,
  connections: Connections,
): Promise<Metric[]> {
  const { outcomes, stages } = totals.read()
  const http = connections.http()
  return [
    gauge('hostenv_build_info', 'Which hostenv this is; always 1.', 1, {
      ...{ version, node: process.versions.node, schema: String(migrations.length) },
    }),
    {
      ...{ name: 'hostenv_deploys_total', type: 'counter', help: 'Deploys that ended, by outcome.' },
      samples: [...outcomes].map(([outcome, value]) => ({ labels: { outcome }, value })),
    },
    {
      ...{ name: 'hostenv_deploy_stage_seconds', type: 'histogram' },
      help: 'How long the stages of live deploys took; total is from arrival to live.',
      samples: [...stages].flatMap(([stage, of]) => histogram(of, { stage })),
    },
    gauge('hostenv_deploys_active', 'Deploys that are evaluated, built, or wait to become live.', ctx.active.size),
    gauge('hostenv_deploys_waiting', 'Those of them that are built and wait for an earlier one.', ctx.lanes.waiting),
    gauge('hostenv_maintenance', '1 while deploys wait for gc or backup.', ctx.gate.closed ? 1 : 0),
    environments(ctx),
    {
      ...{ name: 'hostenv_connections', type: 'gauge', help: 'Open connections, by door.' },
      samples: [
        { labels: { door: 'ssh' }, value: connections.ssh() },
        { labels: { door: 'http' }, value: http },
      ],
    },
    gauge('hostenv_state_free_bytes', 'Bytes that may still be written where the state is.', free(ctx.config.stateDir)),
    ...processMetrics(),
  ]
}

function environments({ state }: Pick<Context, 'state'>): Metric {
  const counts = { live: 0, stopped: 0, broken: 0 }
  for (const row of state.environments.all())
    counts[row.broken !== null ? 'broken' : row.live === null ? 'stopped' : 'live']++
  return {
    ...{ name: 'hostenv_environments', type: 'gauge', help: 'Environments, by state.' },
    samples: Object.entries(counts).map(([name, value]) => ({ labels: { state: name }, value })),
  }
}

// The names that Prometheus' own client libraries use.
function processMetrics(): Metric[] {
  const { user, system } = process.cpuUsage()
  return [
    {
      ...{ name: 'process_cpu_seconds_total', type: 'counter', help: 'CPU time of the receiver itself, in seconds.' },
      samples: [{ value: (user + system) / 1e6 }],
    },
    gauge('process_resident_memory_bytes', 'Resident memory of the receiver itself.', process.memoryUsage.rss()),
    gauge('process_open_fds', 'Open file descriptors.', readdirSync('/proc/self/fd').length),
    gauge('process_max_fds', 'Most file descriptors that may be open.', maxFds()),
    gauge('process_start_time_seconds', 'When the receiver started, in seconds since 1970.', startTime),
  ]
}

const startTime = Math.round(Date.now() - process.uptime() * 1000) / 1000

function maxFds(): number {
  const limit = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit)
}

function free(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}

function gauge(name: string, help: string, value: number, labels: Record<string, string> = {}): Metric {
  return { name, type: 'gauge', help, samples: [{ labels, value }] }
}
