// Requests a second and their p99 through the front door, straight to the service's own socket, and through Caddy in front of it.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, start } from '../../src/lib/spawn.ts'
import { cleanEnv } from '../../test/helpers/programs.ts'
import { type Figure, interleaved } from '../figures.ts'
import { freePort, listening } from '../peers/sshd.ts'
import type { Setting } from '../setting.ts'

/** Measured with wrk(1), 2 threads and 32 connections; null where wrk is missing. */
export async function frontDoor(setting: Setting): Promise<Figure[]> {
  if (!existsSync('/usr/bin/wrk') || !existsSync('/usr/bin/caddy')) return []
  const { ending, directory, receiver, rounds } = setting
  const { hostname, socket } = await setting.live()
  const port = await freePort()
  const relay = await freePort()
  const file = join(directory, 'Caddyfile')
  writeFileSync(
    file,
    `{\n  admin off\n  auto_https off\n}\nhttp://:${port} {\n  bind 127.0.0.1\n  reverse_proxy unix/${socket}\n}\n`,
  )
  const env = { ...cleanEnv(directory), XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory }
  const caddy = start({ argv: ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'], env }, [
    ...(['ignore', 'ignore', 'ignore'] as const),
  ])
  ending.teardown(() => caddy.kill('SIGTERM'))
  // wrk speaks TCP only: the service's own socket is reached through socat, which forks for each connection.
  const socat = start(
    { argv: ['socat', `TCP-LISTEN:${relay},bind=127.0.0.1,fork,reuseaddr,backlog=128`, `UNIX-CONNECT:${socket}`], env },
    [...(['ignore', 'ignore', 'ignore'] as const)],
  )
  ending.teardown(() => socat.kill('SIGTERM'))
  for (const one of [port, relay]) await listening(one)
  const p99: Record<string, number[]> = { hostenv: [], caddy: [], 'own socket (socat)': [] }
  const measure = (peer: string, to: number, host: string) => async () => {
    const argv = ['wrk', '-t2', '-c32', '-d3s', '--latency', '-H', `Host: ${host}`, `http://127.0.0.1:${to}/`] as const
    const { stdout } = await run({ argv: [...argv], env })
    p99[peer]?.push(milliseconds(/99%\s+([\d.]+)(us|ms|s)/.exec(stdout)))
    const failed = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)
    if (failed) throw new Error(`${peer}: ${failed[0]}`)
    return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1])
  }
  const runs = await interleaved(Math.max(3, Math.floor(rounds / 2)), {
    hostenv: measure('hostenv', receiver.httpPort, hostname),
    caddy: measure('caddy', port, hostname),
    'own socket (socat)': measure('own socket (socat)', relay, hostname),
  })
  return [
    { case: 'front door: requests', runs, unit: 'requests/s', reach: { caddy: 0.5 }, more: true },
    { case: 'front door: p99', runs: p99, unit: 'ms', reach: {} },
  ]
}

function milliseconds(match: RegExpExecArray | null): number {
  const factor = { us: 0.001, ms: 1, s: 1000 }[match?.[2] ?? 'ms'] ?? 1
  return Number(match?.[1]) * factor
}
