// What is the same is one build: policy, names and commits are not part of a package unless a module itself reads them.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { hostenvModule, webModule } from '../helpers/module.ts'
import { makeProject, type Project } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'

const quick = 'deploymentVerification.upFor = 0;'
const environments = {
  main: `type = "production"; ${quick} virtualHosts."shop.localhost" = { };`,
  staging: `type = "testing"; ${quick} protected = true; releaseTags = "v*";`,
}
const perCommit = /this build depends on the commit \(buildReference, or self\.rev of a flake\)/
const module = (rest: string) => webModule(environments, `previews."try/*" = { extends = "staging"; }; ${rest}`)

t.test('builds', async (t) => {
  const receiver = await startReceiver(t, { args: ['--allow-unsandboxed-builds'] })
  const plain = (text: string) => text.replace(/^remote: +/gm, '').replace(/\s+/g, ' ')

  /** Pushes, and answers what was said. */
  async function push(t: Test, project: Project, refs: string, name: string): Promise<string> {
    const pushed = await project.push(receiver, refs, { name })
    t.equal(pushed.code, 0, pushed.stderr)
    return plain(pushed.stderr)
  }
  async function built(key: string, name: string): Promise<string> {
    const { stdout } = await receiver.ssh('releases', `${name}:${key}`, '--json')
    return JSON.parse(stdout)[0].storePath
  }
  const again = async (project: Project) => {
    await project.git('commit', '-q', '--allow-empty', '-m', 'Again')
  }

  await t.test('another policy, a tag, a preview and another commit of the tree have the same package', async (t) => {
    const name = 'acme/same'
    const project = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': module('') })
    t.notMatch(await push(t, project, 'main', name), perCommit)
    const path = await built('main', name)
    for (const [ref, key] of [
      ['main:staging', 'staging'],
      ['main:try/it', 'try/it'],
    ] as const) {
      t.notMatch(await push(t, project, ref, name), /Building|Built in/, `${key} needs no build`)
      t.equal(await built(key, name), path, key)
    }
    await again(project)
    t.notMatch(await push(t, project, 'main', name), /Building|Built in|depends on the commit/)
    t.equal(await built('main', name), path, 'another commit with the same tree')
    await project.git('tag', 'v1')
    t.notMatch(await push(t, project, 'v1', name), /Building|Built in/, 'a tag needs no build')
    t.equal(await built('staging', name), path, 'a tag')
  })

  await t.test('a module that reads the facts of its environment has a package of its own', async (t) => {
    const name = 'acme/facts'
    const facts = 'processes.web.environment.NAME = config.hostenv.userName;'
    const text = module(facts).replace('{ pkgs, ... }', '{ pkgs, config, ... }')
    const project = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': text })
    t.notMatch(await push(t, project, 'main', name), perCommit)
    await push(t, project, 'main:staging', name)
    t.not(await built('main', name), await built('staging', name))
  })

  await t.test('a build that has the commit in it is told, and is another for each commit', async (t) => {
    const name = 'acme/commits'
    const text = module('buildReference = revision;').replace('{ pkgs, ... }', '{ pkgs, revision, ... }')
    const project = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': text })
    t.match(await push(t, project, 'main', name), perCommit)
    const first = await built('main', name)
    const commit = await project.git('rev-parse', 'HEAD')
    const facts = JSON.parse((await receiver.ssh('envs', '--json')).stdout) as {
      key: string
      project: string
      hostname: string
    }[]
    const host = facts.find((one) => one.project === name && one.key === 'main')?.hostname ?? ''
    const state = join(receiver.stateDir, 'env', host.replace('.localhost', ''), 'state')
    t.equal(await readFile(join(state, 'build-reference'), 'utf8'), `${commit.trim()}\n`)
    t.match(await push(t, project, 'main:staging', name), perCommit, 'also where nothing is evaluated')
    t.equal(await built('staging', name), first, 'the same commit is the same build')
    await again(project)
    t.match(await push(t, project, 'main', name), perCommit)
    t.not(await built('main', name), first)
  })

  await t.test('a flake that only says its commit is one build, and each push says its own', async (t) => {
    const name = 'acme/flake'
    const project = await makeProject(t, 'flake-project')
    const said = async () => {
      const text = await push(t, project, 'main', name)
      t.match(text, `evaluated at ${(await project.git('rev-parse', 'HEAD')).trim()}`)
      t.notMatch(text, perCommit)
      return await built('main', name)
    }
    const first = await said()
    await again(project)
    t.equal(await said(), first)
  })

  await t.test('a check that is not enforced warns, and the release is live', async (t) => {
    const name = 'acme/lenient'
    // It answers 500 for five seconds; that it stays up is asked for as long as a slow machine may need to listen.
    const lenient = `type = "testing"; deploymentVerification = { enforce = false; upFor = 5; timeout = 5; };`
    const project = await makeProject(t, 'hello-web', {
      '.hostenv/hostenv.nix': webModule({ main: lenient }),
      'server.js': `require('node:http')
  .createServer((_, response) => { response.statusCode = 500; response.end('no\\n') })
  .listen(process.env.HOSTENV_UPSTREAM_DIR + '/in.sock')
`,
    })
    const said = await push(t, project, 'main', name)
    t.match(said, /a check failed: GET \/: answered 500 within 5 s; it goes live all the same/)
    t.match(said, /Live at /)
    await project.commit('Enforced', { '.hostenv/hostenv.nix': webModule({ main: lenient.replace('false', 'true') }) })
    const refused = await project.push(receiver, 'main', { name })
    t.match(plain(refused.stderr), /GET \/: answered 500 within 5 s/)
    t.equal(refused.code, 1)
  })

  await t.test('a process that was started again between two looks did not stay up', async (t) => {
    const name = 'acme/again'
    const module = hostenvModule(
      { main: `type = "testing"; ${quick}` },
      'processes.again.command = [ "/bin/sh" "-c" "sleep 0.9; exit 3" ];',
    )
    const project = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': module })
    const refused = await project.push(receiver, 'main', { name })
    t.match(plain(refused.stderr), /again does not stay up: exit 3/)
    t.equal(refused.code, 1)
  })
})
