// The way of a new project: `nix flake init`, `nix flake check`, `git push`, live.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { run } from '../../src/lib/spawn.ts'
import { flakeNix } from '../helpers/flake-nix.ts'
import { get } from '../helpers/http.ts'
import { cleanEnv, root } from '../helpers/programs.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { hostname } from '../helpers/standing.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const library = join(root, 'nix')

t.test('the template of a project can be checked, and is live after a push', async (t) => {
  const nix = flakeNix(t)
  const made = tempDir(t, 'i')
  const env = cleanEnv(made)
  await run({ argv: ['git', 'init', '-q'], env, cwd: made })
  const init = await nix(made, 'flake', 'init', '-t', `path:${library}#project`)
  t.equal(init.code, 0, init.stderr)
  t.same(readdirSync(made).sort(), ['.git', '.hostenv', 'server.js'])
  await run({ argv: ['git', 'add', '-A'], env, cwd: made })

  const alone = await nix(made, 'flake', 'check', './.hostenv')
  t.not(alone.code, 0)
  const said = /nix (flake check \.\/\.hostenv --override-input site path:)\/PATH\/TO\/hostenv\/nix/.exec(alone.stderr)
  t.ok(said, alone.stderr)
  const checked = await nix(made, ...`${said?.[1]}${library}`.split(' '))
  t.equal(checked.code, 0, checked.stderr)

  const receiver = await startReceiver(t, { args: ['--allow-unsandboxed-builds'] })
  const project = await makeProject(t, 'hello-web')
  const { stdout } = await run({ argv: ['git', 'ls-files'], env, cwd: made })
  await project.git('rm', '-rq', '.')
  for (const file of [...stdout.trim().split('\n'), '.hostenv/flake.lock'])
    await run({ argv: ['install', '-D', join(made, file), join(project.directory, file)], env })
  await project.commit('From the template')
  const pushed = await project.push(receiver, ['main', 'main:feature/one'], { name: 'acme/new' })
  t.equal(pushed.code, 0, pushed.stderr)
  t.equal((await get(receiver.httpPort, hostname('main', 'acme/new'))).body, 'Hello from main\n')
  t.equal((await get(receiver.httpPort, hostname('feature/one', 'acme/new'))).body, 'Hello from feature/one\n')
})
