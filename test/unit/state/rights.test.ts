// Who may do what: every role against every action, by the operator, by type, and by the project's policy; and the audit of it.
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { levelOf, roles, toAccess, type WrittenAccess } from '../../../src/config/roles.ts'
import { type Manifest, Refused } from '../../../src/records.ts'
import { permit } from '../../../src/state/decide.ts'
import { migrations } from '../../../src/state/migrations.ts'
import { type Action, actions } from '../../../src/state/rights.ts'
import { State } from '../../../src/state/state.ts'

const environment = (type: string, users: object = {}, more: object = {}) => ({
  ...{ enable: true, type, users, virtualHosts: {}, hostenv: { gitRef: 'x' } },
  ...more,
})
const user = (name: string, role?: string) => ({ [name]: { publicKeys: [`key of ${name}`], role } })
const policy = {
  environments: {
    main: environment('production', { ...user('pia'), ...user('max', 'maintainer'), ...user('vic', 'viewer') }),
    staging: environment('testing', user('sam'), { protected: true }),
    dev: environment('development'),
  },
  previews: { 'feature/*': { enable: true, type: 'development', extends: 'main', users: user('fay') } },
} as unknown as Manifest

const people: Record<string, WrittenAccess> = {
  ...{ ruth: 'viewer', paul: 'deployer', mia: 'maintainer', ada: 'administrator' },
  ...{ tom: { production: 'viewer', testing: 'deployer', development: 'maintainer' }, old: 'push' },
}

function makeState() {
  const db = new DatabaseSync(':memory:')
  for (const step of migrations) db.exec(step)
  const state = new State('', (line) => line.replace('key of ', ''), db)
  state.projects.setPolicy('a/b', '0'.repeat(40), policy)
  state.people.refresh()
  state.people.setOperators({
    users: new Map(
      ['root', 'none', ...Object.keys(people)].map((name) => [name, { user: name, administrator: name === 'root' }]),
    ),
    access: (project, name) =>
      project === 'nobody/else' || !people[name] ? null : toAccess(people[name] as WrittenAccess),
  })
  return { db, state }
}

function pusherOf(state: State, name: string) {
  return state.people.identify(name) ?? { name, fingerprint: name, admin: false }
}

t.test('the roles are ordered, and each may do what the ones before it may', async (t) => {
  t.same(roles.map(levelOf), [1, 2, 3, 4])
  t.equal(levelOf(null), 0)
  const { state } = makeState()
  const names = ['ruth', 'paul', 'mia', 'ada']
  for (const action of Object.keys(actions) as Action[])
    for (const key of ['main', 'staging', 'dev', 'feature/x', 'gone', null]) {
      const answers = names.map((name) => state.people.may(pusherOf(state, name), action, 'a/b', key))
      t.same(answers, answers.toSorted(), `${action} ${key}: ${answers}`)
      t.ok(answers.at(-1), 'an administrator of the project may do everything in it')
      t.ok(state.people.may(pusherOf(state, 'root'), action, 'a/b', key), 'and one of the receiver')
      for (const stranger of ['none', 'eve'])
        t.notOk(state.people.may(pusherOf(state, stranger), action, 'a/b', key), `${stranger} may nothing`)
    }
})

t.test('what each role may do to production, to what is protected, and to the rest', async (t) => {
  const { state } = makeState()
  const may = (name: string, keys: readonly (string | null)[], list: readonly Action[]) =>
    list
      .map((action) =>
        keys.map((key) => (state.people.may(pusherOf(state, name), action, 'a/b', key) ? 'x' : '-')).join(''),
      )
      .join(' ')
  const keys = ['main', 'staging', 'dev', 'feature/x']
  const list: Action[] = ['see', 'logs', 'push', 'run', 'force', 'delete', 'grant', 'administer']
  const table: Record<string, string> = {
    root: 'xxxx xxxx xxxx xxxx xxxx xxxx xxxx xxxx',
    ada: 'xxxx xxxx xxxx xxxx xxxx xxxx xxxx xxxx',
    mia: 'xxxx xxxx xxxx xxxx xxxx xxxx xxxx ----',
    paul: 'xxxx xxxx x-xx x-xx --xx --xx ---- ----',
    old: 'xxxx xxxx x-xx x-xx --xx --xx ---- ----',
    ruth: 'xxxx xxxx ---- ---- ---- ---- ---- ----',
    tom: 'xxxx xxxx --xx --xx --xx --xx --xx ----',
    pia: 'xxxx xxxx x--x x--x ---x ---x ---- ----',
    max: 'xxxx xxxx x--x x--x x--x x--x x--x ----',
    vic: 'xxxx xxxx ---- ---- ---- ---- ---- ----',
    sam: 'xxxx xxxx ---- ---- ---- ---- ---- ----',
    fay: 'xxxx xxxx ---x ---x ---x ---x ---- ----',
    none: '---- ---- ---- ---- ---- ---- ---- ----',
    eve: '---- ---- ---- ---- ---- ---- ---- ----',
  }
  for (const [name, due] of Object.entries(table)) t.equal(may(name, keys, list), due, name)
})

t.test(
  'before there is a policy an administrator makes the first push, or a maintainer of a project that was added',
  async (t) => {
    const { state, db } = makeState()
    const first = (name: string, project: string) => [
      state.people.mayEnter(pusherOf(state, name), project),
      state.people.may(pusherOf(state, name), 'push', project, 'main'),
    ]
    for (const name of ['root', 'ada']) t.same(first(name, 'a/new'), [true, true], name)
    for (const name of ['mia', 'paul', 'ruth', 'tom', 'none', 'pia']) t.same(first(name, 'a/new'), [false, false], name)
    db.exec("INSERT INTO added_project VALUES ('a/new')")
    t.same(first('mia', 'a/new'), [true, true])
    for (const name of ['paul', 'ruth', 'tom', 'none', 'pia']) t.same(first(name, 'a/new'), [false, false], name)
    t.same(first('ada', 'nobody/else'), [false, false])
  },
)

t.test('every decision is written down, allowed or refused, and only so many are kept', async (t) => {
  const { state } = makeState()
  const asker = (name: string) => ({ pusher: pusherOf(state, name), peer: '10.0.0.1 5' })
  const question = { action: 'push', project: 'a/b', key: 'main', subject: 'refs/heads/main 1234567' } as const
  permit(state, asker('paul'), question)
  t.throws(() => permit(state, asker('ruth'), question), Refused)
  const [refused, allowed] = state.audit.list({ project: 'a/b', key: null, lines: 10 })
  t.match(allowed, {
    who: 'paul',
    fingerprint: 'paul',
    origin: '10.0.0.1 5',
    allowed: true,
    why: 'deployer',
    ...question,
  })
  t.match(refused, { who: 'ruth', allowed: false, why: 'viewer, needs deployer' })
  t.same(state.audit.list({ project: 'a/other', key: null, lines: 10 }), [])
  state.audit.most = 300
  for (let n = 0; n < 1500; n++) permit(state, asker('root'), { ...question, subject: `x${n}${'y'.repeat(9000)}` })
  const kept = state.audit.list({ project: null, key: null, lines: 10_000 })
  t.ok(kept.length >= 300 && kept.length <= 300 + 256, `${kept.length} are kept`)
  t.match(kept[0]?.subject, /^x1499/)
  t.ok((kept[0]?.subject?.length ?? 0) <= 500, 'a subject is cut')
})

t.test('a refusal says what it takes and where the role is given', async (t) => {
  const { state } = makeState()
  const asker = { pusher: pusherOf(state, 'paul'), peer: '-' }
  try {
    permit(state, asker, { action: 'push', project: 'a/b', key: 'staging' })
    t.fail('it is refused')
  } catch (error) {
    const { message, headline, help } = error as Refused
    t.equal(message, 'no right to deploy to staging')
    t.equal(headline, 'paul may not deploy to staging: that takes a maintainer, and this key is a deployer there')
    t.match(help[0], /environments\."staging"\.users/)
  }
})
