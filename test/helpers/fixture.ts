// A sample project that is live on a receiver, and what its users do with it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { discover } from '../../src/config/discover.ts'
import { get, post } from './http.ts'
import { path } from './programs.ts'
import { makeProject, type Project } from './project.ts'
import type { Receiver } from './receiver.ts'
import { hostname } from './standing.ts'

const { hostPrograms } = await discover(path)

/** A project of the fixture's name, at `acme/FIXTURE`. */
export interface Live {
  readonly project: Project
  /** The body of the page at `place`. */
  read(place?: string, key?: string): Promise<string>
  /** POSTs to the environment `main`; answers the status. */
  write(place: string, body: string): Promise<number>
  /** Commits everything and pushes it; fails the test where that is refused. Answers what the receiver said. */
  push(branch?: string): Promise<string>
}

/** Pushes a fixture's first commit. */
export async function live(t: Test, receiver: Receiver, fixture: string): Promise<Live> {
  const name = `acme/${fixture}`
  const project = await makeProject(t, fixture)
  const push = async (branch = 'main') => {
    await project.commit()
    const pushed = await project.push(receiver, branch, { name })
    t.equal(pushed.code, 0, pushed.stderr)
    return pushed.lines.map(({ text }) => text.replace(/^remote: */, '')).join(' ')
  }
  await push()
  return {
    project,
    push,
    read: async (place = '/', key = 'main') => (await get(receiver.httpPort, hostname(key, name), place)).body,
    write: async (place, body) => (await post(receiver.httpPort, hostname('main', name), place, body)).status,
  }
}

/** A test that needs programs of the machine; where it lacks some, the skip names them. */
export function fixtureTest(
  t: Test,
  fixture: string,
  programs: readonly string[],
  body: (t: Test) => Promise<void>,
): void {
  const missing = programs.filter((program) => hostPrograms[program] === undefined)
  t.test(fixture, { skip: missing.length > 0 ? `this machine has no ${missing.join(', ')}` : false }, body)
}

/** Waits for `holds`, for at most a minute; throws with `what` then. */
export async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++, await sleep(100)) if (await holds()) return
  throw new Error(`${what}: not within a minute`)
}
