// A build that tries to see the host: only when it cannot, is Nix's sandbox really there.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Nix } from '../lib/nix.ts'
import { run } from '../lib/spawn.ts'

export type Canary =
  | { readonly kind: 'hidden' }
  | { readonly kind: 'seen' }
  | { readonly kind: 'failed'; readonly why: string }

/** What no sandboxed build sees: the receiver's own file, and the host's. */
const hostFiles = ['/etc/shadow', '/etc/ssh', '/nix/var/nix', '/root', '/sys/kernel', '/var/lib']
/** What it may see and must not write (a build that runs as root could). */
const hostOwn = ['/usr', '/usr/bin', '/proc/sys/kernel/core_pattern']

/** Builds once, and says whether the build saw files of the host, or could have written what it shares with it. */
export async function canary(nix: Nix, system: string): Promise<Canary> {
  const folder = await mkdtemp(join(tmpdir(), 'hostenv-canary-'))
  try {
    const bait = join(folder, 'bait')
    await writeFile(bait, 'host\n', { mode: 0o644 })
    await chmod(folder, 0o755)
    const seen = [bait, ...hostFiles].map((file) => `[ -e ${file} ]`)
    const writable = [...hostOwn, ...(nix.readOnly ?? [])].map((file) => `[ -w ${file} ]`)
    const script = `if ${[...seen, ...writable].join(' || ')}; then echo seen > $out; else echo hidden > $out; fi`
    const expression = `derivation { name = "hostenv-canary"; system = "${system}"; builder = "/bin/sh"; args = [ "-c" ${JSON.stringify(script).replaceAll('$', '\\$')} ]; }`
    const ran = await run(nix.command(['build', '--no-link', '--json', '--expr', expression]), { timeout: 120_000 })
    if (ran.code !== 0) return { kind: 'failed', why: ran.stderr.trim().split('\n').slice(-3).join(' ') }
    const out = (JSON.parse(ran.stdout) as { outputs: { out: string } }[])[0]?.outputs.out ?? ''
    const said = await run({ argv: ['cat', nix.realPath(out)], env: { PATH: nix.path } })
    return said.stdout.trim() === 'hidden' ? { kind: 'hidden' } : { kind: 'seen' }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
