// Keys that policies name: each line is read once, however many there are, and what a policy takes away is nobody's.
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import type { Manifest } from '../../../src/records.ts'
import { migrations } from '../../../src/state/migrations.ts'
import { People } from '../../../src/state/people.ts'
import { Projects } from '../../../src/state/projects.ts'

type Users = Record<string, { readonly publicKeys: readonly string[]; readonly role?: string }>

const policy = (...environments: Users[]) => {
  const all = environments.map((users, n) => [`e${n}`, { enable: true, type: 'testing', users, hostenv: {} }])
  return { environments: Object.fromEntries(all), previews: {} } as unknown as Manifest
}
const crowd = (project: string, count: number): Users =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`u${n}`, { publicKeys: [`${project} ${n}`] }]))

function makePeople() {
  const db = new DatabaseSync(':memory:')
  for (const step of migrations) db.exec(step)
  const projects = new Projects(db)
  const read: string[] = []
  const people = new People(projects, (line) => {
    read.push(line)
    return line.startsWith('no key') ? null : `SHA256:${line}`
  })
  const set = (name: string, policy: Manifest) => {
    projects.setPolicy(name, '0'.repeat(40), policy)
    people.refresh()
    return read.splice(0)
  }
  const is = (line: string, project: string, key: string | null) => {
    const who = people.identify(`SHA256:${line}`)
    return who === null ? null : people.judge(who, 'see', project, key).is
  }
  return { people, read, set, is }
}

t.test('a commit reads the lines that are new, however many there are in all projects', async (t) => {
  const { people, read, set, is } = makePeople()
  for (const n of Array(7).keys()) t.equal(set(`a/p${n}`, policy(crowd(`p${n}`, 2000))).length, 2000)
  people.refresh()
  t.same(read, [], 'nothing changed, so nothing is read')
  const more = { ...crowd('p3', 2000), eve: { publicKeys: ['one more'] } }
  t.same(set('a/p3', policy(more)), ['one more'])
  t.equal(is('p6 1999', 'a/p6', 'e0'), 'deployer')
  t.equal(is('one more', 'a/p3', 'e0'), 'deployer')
  t.equal(is('one more', 'a/p6', 'e0'), 'nobody')
  t.same(read, [], 'and no judgement reads any')
})

t.test('the same line is read once, also where it is no key', async (t) => {
  const { people, read, set } = makePeople()
  const users = { ann: { publicKeys: ['ann', 'no key of hers'] }, bob: { publicKeys: ['no key of hers'] } }
  t.same(set('a/b', policy(users, users)), ['ann', 'no key of hers'])
  people.refresh()
  t.same(read, [])
  t.equal(people.identify('SHA256:ann')?.name, 'ann')
  t.equal(people.identify(''), null)
})

t.test('a key has the highest role that it is named with, may see the rest, and goes with its line', async (t) => {
  const { set, is } = makePeople()
  const first = { ann: { publicKeys: ['ann'], role: 'maintainer' }, also: { publicKeys: ['ann'], role: 'viewer' } }
  set('a/b', policy(first, { ann: { publicKeys: ['ann'], role: 'deployer' } }, {}))
  t.same(
    ['e0', 'e1', 'e2', null].map((key) => is('ann', 'a/b', key)),
    ['maintainer', 'deployer', 'viewer', 'viewer'],
  )
  set('a/b', policy({}, { ann: { publicKeys: ['ann'], role: 'viewer' } }))
  t.same(
    ['e0', 'e1'].map((key) => is('ann', 'a/b', key)),
    ['viewer', 'viewer'],
  )
  set('a/b', policy({}, {}))
  t.equal(is('ann', 'a/b', 'e1'), null)
  t.same(set('a/b', policy({ ann: { publicKeys: ['ann'] } })), ['ann'], 'what no policy says any more is forgotten')
})
