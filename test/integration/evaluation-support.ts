// Evaluation as the receiver does it: a private store, its sandbox, and the library in the store.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { discover } from '../../src/config/discover.ts'
import { defaultLimits } from '../../src/config/limits.ts'
import { makeNix } from '../../src/lib/nix.ts'
import { accounts, sandboxHost } from '../../src/lib/sandbox.ts'
import { mustRun, run } from '../../src/lib/spawn.ts'
import { path, root } from '../helpers/programs.ts'
import type { Ending } from '../helpers/temp-dir.ts'

/** Makes all of it; it goes with the test. */
export async function evaluation(t: Ending) {
  const directory = mkdtempSync(join(tmpdir(), 'hf-'))
  const stateDir = join(directory, 'state')
  const { system, hostPrograms } = await discover(path)
  const nix = makeNix({
    ...{ privateStore: join(stateDir, 'nix'), version: { major: 2, minor: 8 }, path, home: join(directory, 'home') },
    ...{ root: process.getuid?.() === 0, sandbox: true, sandboxPaths: [] },
  })
  t.teardown(async () => {
    await run({ argv: ['chmod', '-R', 'u+w', directory], env: { PATH: path } })
    rmSync(directory, { recursive: true, force: true })
  })
  for (const name of ['state/tmp', 'home', 'accounts']) mkdirSync(join(directory, name), { recursive: true })
  writeFileSync(join(directory, 'accounts/passwd'), accounts.passwd)
  writeFileSync(join(directory, 'accounts/group'), accounts.group)
  writeFileSync(join(directory, 'secret'), 'a secret of the host\n')

  let count = 0
  /** Adds files, or a folder, to the store; answers the path. */
  async function add(files: Record<string, string> | string): Promise<string> {
    const folder = join(directory, `add-${++count}`, 'source')
    if (typeof files === 'string') cpSync(files, folder, { recursive: true })
    else
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true })
        writeFileSync(join(folder, name), text)
      }
    return (await mustRun(nix.command(['store', 'add-path', '--name', 'source', folder]))).trim()
  }

  const ctx = {
    ...{ nix, stateDir, limits: defaultLimits, library: await add(join(root, 'nix')) },
    sandbox: sandboxHost(join(directory, 'accounts'), []),
    site: {
      ...{ system, domain: 'localhost', runtimeRoot: '/run/hostenv', stateRoot: '/var/lib/hostenv' },
      ...{ hostPrograms, packages: null },
    },
  }
  return { directory, nix, add, ctx }
}
