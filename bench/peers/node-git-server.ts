// node-git-server: the git server that a Node project would reach for. It speaks plain HTTP and asks nobody who they are, which
// saves it a handshake and a look-up; what it costs is a library's worth of Node around git.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { start } from '../../src/lib/spawn.ts'
import { cleanEnv } from '../../test/helpers/programs.ts'
import type { Ending } from '../../test/helpers/temp-dir.ts'
import { freePort, listening } from './sshd.ts'

const npm = join(import.meta.dirname, 'npm')

/** Starts it with an empty folder; answers the URL of a repository that its first push makes. Null where it is not installed. */
export async function startNodeGitServer(ending: Ending, directory: string): Promise<string | null> {
  if (!existsSync(join(npm, 'node_modules/node-git-server'))) return null
  mkdirSync(directory, { recursive: true })
  const port = await freePort()
  const argv = ['node', join(npm, 'serve.mjs'), directory, `${port}`] as const
  const server = start({ argv: [...argv], env: cleanEnv(directory), cwd: directory }, ['ignore', 'ignore', 'ignore'])
  ending.teardown(() => server.kill('SIGTERM'))
  await listening(port)
  return `http://127.0.0.1:${port}/bench`
}
