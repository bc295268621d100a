// A push of one commit where nothing is deployed: what the git server itself costs.
import { join } from 'node:path'
import { makeProject } from '../../test/helpers/project.ts'
import { type Figure, interleaved } from '../figures.ts'
import { startGitolite } from '../peers/gitolite.ts'
import { startNodeGitServer } from '../peers/node-git-server.ts'
import { plainProject, type Setting } from '../setting.ts'

export async function plainPush(setting: Setting): Promise<Figure> {
  const { ending, byHand, rounds, directory } = setting
  const project = await makeProject(ending, 'hello-web')
  const sshd = { url: await byHand.repositoryFor('plain', false), ssh: byHand.sshd.sshCommand }
  const gitolite = await startGitolite(ending, join(directory, 'gitolite'), join(directory, 'home'))
  const nodeGitServer = await startNodeGitServer(ending, join(directory, 'node-git-server'))
  const targets = {
    hostenv: { name: plainProject },
    sshd,
    ...(gitolite ? { gitolite3: { url: gitolite.url, ssh: gitolite.sshd.sshCommand } } : {}),
    ...(nodeGitServer ? { 'node-git-server': { url: nodeGitServer, ssh: '' } } : {}),
  }
  for (const target of Object.values(targets)) await setting.push(project, target, 'main')
  const runs = await interleaved(
    rounds * 3,
    Object.fromEntries(
      Object.entries(targets).map(([name, target]) => [
        name,
        async () => {
          await project.commit('A change')
          return await setting.push(project, target, 'main')
        },
      ]),
    ),
  )
  return {
    ...{ case: 'plain push, deploys off', runs, unit: 'ms', reach: { sshd: 0.45, gitolite3: 0.45 } },
    note: [
      ...(gitolite ? [] : ['gitolite3 is not installed: left out']),
      nodeGitServer ? 'node-git-server: plain HTTP, no keys' : 'node-git-server is not installed: left out',
      'piku is in no package registry: left out',
    ].join('; '),
  }
}
