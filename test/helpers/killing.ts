// A project that was deployed once, and what tests need to kill parts of its next deploys and to see what became of it.
import type { Test } from 'tap'
import { descendants, end, type Process, processes } from '../../src/lib/proc.ts'
import { agree, record, userName } from './agree.ts'
import type { Files, Project } from './project.ts'
import { makeQuickProject } from './quick-project.ts'
import type { Receiver } from './receiver.ts'

/** Files with which a build takes longer than any test. */
export const slow: Files = { 'build.sh': 'sleep 300\n', 'greeting.txt': 'slow\n' }

export interface Killing {
  readonly name: string
  readonly project: Project
  /** The environment's user name. */
  readonly user: string
  /** The commit that is live, and on which `again` makes the next one; tests set it. */
  base: string
  /** The row of its newest deploy. */
  last(): ReturnType<typeof record>[number]
  isBuilding(): boolean
  /** Processes of the receiver whose command line matches. */
  ours(pattern: RegExp): Process[]
  /** Kills them; answers how many there were. */
  kill(pattern: RegExp): number
  /** Asserts that everything says that this commit is live. */
  truth(t: Test, commit: string): Promise<unknown>
  /** Commits files on top of `base`; answers the commit. */
  again(files?: Files): Promise<string>
}

export async function makeKilling(t: Test, receiver: Receiver): Promise<Killing> {
  const name = 'acme/killed'
  const project = await makeQuickProject(t)
  t.equal((await project.push(receiver, 'main', { name })).code, 0)
  const last = () => record(receiver, 'SELECT * FROM deploy WHERE project = ? ORDER BY id DESC LIMIT 1', name)[0] ?? {}
  const ours = (pattern: RegExp) => {
    const all = processes()
    const below = new Set(descendants(receiver.pid, all))
    return all.filter(({ pid, command }) => below.has(pid) && pattern.test(command.replaceAll('\0', ' ')))
  }
  const killing: Killing = {
    ...{ name, project, user: userName(receiver, name, 'main') ?? '', last, ours },
    base: await project.git('rev-parse', 'HEAD'),
    isBuilding: () => last().stage === 'received' && last().tree !== null,
    kill(pattern) {
      const found = ours(pattern)
      for (const { pid } of found) end(pid)
      return found.length
    },
    truth: async (t, commit) =>
      t.same(await agree(receiver, name, 'main', { live: commit, branch: commit }), [], 'everything agrees'),
    async again(files = {}) {
      await project.git('reset', '-q', '--hard', killing.base)
      return await project.commit('A change', files)
    },
  }
  return killing
}
