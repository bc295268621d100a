// A view of the machine that the benchmark may change: a Nix store of its own at /nix, an own /run, and a root without
// start-up files, all in a mount namespace that ends with the benchmark.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { start } from '../src/lib/spawn.ts'
import { cleanEnv } from '../test/helpers/programs.ts'

const script = `set -e
mount --bind "$1/nix" /nix
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/sshd
shift
exec "$@"`

/**
 * Runs this script again inside the view and answers its exit code. `directory` holds what the view consists of. Needs root:
 * sshd changes users, and a peer that a person sets up by hand uses /nix.
 */
export async function inPrivateMachine(directory: string, argv: readonly [string, ...string[]]): Promise<number> {
  mkdirSync(join(directory, 'nix'), { recursive: true })
  mkdirSync(join(directory, 'home'))
  const others = readFileSync('/etc/passwd', 'utf8').replace(/^(root|nixbld\d+):.*\n/gm, '')
  const builders = Array.from({ length: 8 }, (_, n) => `nixbld${n + 1}`)
  const accounts = builders.map((name, n) => `${name}:x:${30_001 + n}:30000::/var/empty:/usr/sbin/nologin\n`)
  const me = `root:x:0:0:root:${join(directory, 'home')}:/bin/sh\n`
  writeFileSync(join(directory, 'passwd'), me + others + accounts.join(''))
  const groups = readFileSync('/etc/group', 'utf8').replace(/^nixbld:.*\n/m, '')
  writeFileSync(join(directory, 'group'), `${groups}nixbld:x:30000:${builders.join(',')}\n`)
  const unshare = ['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-c', script, 'sh', directory] as const
  const env = { ...cleanEnv(join(directory, 'home')), HOSTENV_BENCH_DIRECTORY: directory }
  const child = start({ argv: [...unshare, ...argv], env }, ['ignore', 1, 2])
  // It takes everything down itself.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}
