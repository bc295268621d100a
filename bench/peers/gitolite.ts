// gitolite3: the usual way to authorise pushes over sshd. Set up in a home of its own by its own `gitolite setup`.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mustRun } from '../../src/lib/spawn.ts'
import { cleanEnv } from '../../test/helpers/programs.ts'
import type { Ending } from '../../test/helpers/temp-dir.ts'
import { type Sshd, startSshd } from './sshd.ts'

/** Starts sshd with gitolite-shell as the forced command, and one repository `bench`. Null where gitolite is not installed. */
export async function startGitolite(
  ending: Ending,
  directory: string,
  home: string,
): Promise<{ sshd: Sshd; url: string } | null> {
  const shell = '/usr/share/gitolite3/gitolite-shell'
  if (!existsSync(shell)) return null
  const sshd = await startSshd(ending, directory, (key) => `command="${shell} client",restrict ${key.publicKey}`)
  const env = { ...cleanEnv(home), USER: 'root', LOGNAME: 'root' }
  mkdirSync(join(home, '.gitolite/logs'), { recursive: true })
  const admin = join(directory, 'client.pub')
  writeFileSync(join(directory, 'known_hosts'), '')
  await mustRun({ argv: ['gitolite', 'setup', '-pk', admin], env, cwd: home })
  const conf = join(home, '.gitolite/conf/gitolite.conf')
  writeFileSync(conf, `${readFileSync(conf, 'utf8')}\nrepo bench\n    RW+ = client\n`)
  await mustRun({ argv: ['gitolite', 'compile'], env, cwd: home })
  await mustRun({ argv: ['gitolite', 'trigger', 'POST_COMPILE'], env, cwd: home })
  ending.teardown(() => {
    for (const name of ['repositories', '.gitolite', '.gitolite.rc', 'projects.list', '.ssh'])
      rmSync(join(home, name), { recursive: true, force: true })
  })
  return { sshd, url: `ssh://root@127.0.0.1:${sshd.port}/bench` }
}
