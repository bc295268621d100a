import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createRoutes, remembered } from '../../../src/frontdoor/routes.ts'
import { userName } from '../../../src/lib/names.ts'
import type { Manifest } from '../../../src/records.ts'
import { virtualHosts } from '../../../src/resolve/virtual-host-schema.ts'
import { RouteView } from '../../../src/state/route-view.ts'
import { State } from '../../../src/state/state.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

const directory = tempDir(t)
mkdirSync(join(directory, 'state'))
const state = new State(join(directory, 'state'), () => null)
t.teardown(() => state[Symbol.dispose]())

const grants = new Map<string, string>()
const record = new RouteView(join(directory, 'state'))
t.teardown(() => record[Symbol.dispose]())
const look = createRoutes({
  ...{ domain: 'host.example', runtimeDir: '/run/h' },
  record: { environments: record.environments, policy: (project) => record.policy(project) },
  command: (word) => `ssh host ${word}`,
  grantee: (hostname) => grants.get(hostname) ?? null,
})
// As the front door has it: over a connection of its own, and remembered until somebody commits.
let told = 0
const route = remembered(look, () => `${record.version} ${told}`)
function grant(hostname: string, project: string | null): void {
  if (project === null) grants.delete(hostname)
  else grants.set(hostname, project)
  told++
}

type Hosts = Record<string, object>
function deploy(project: string, hosts: Record<string, { type?: string; hosts: Hosts }>): void {
  const environments = Object.entries(hosts).map(([key, { type = 'testing', hosts }]) => [
    key,
    { enable: true, type, users: {}, virtualHosts: virtualHosts.parse(hosts) },
  ])
  const policy = { environments: Object.fromEntries(environments), defaultEnvironment: null, warnings: [] }
  state.projects.setPolicy(project, 'c'.repeat(40), policy as unknown as Manifest)
  const [organisation = '', name = ''] = project.split('/')
  for (const key of Object.keys(hosts)) {
    state.environments.reserve(project, key, userName(organisation, name, key))
    state.environments.setLive(project, key, 1)
  }
}

const own = (project: string, key: string) => `${userName('acme', project, key)}.host.example`

t.test('an environment has its own name while it is live', async (t) => {
  t.equal(route(own('shop', 'main')), null)
  deploy('acme/shop', { main: { type: 'production', hosts: {} }, dev: { hosts: {} } })
  const user = userName('acme', 'shop', 'main')
  t.match(route(own('shop', 'main')), {
    userName: user,
    upstreamDir: `/run/h/upstream/${user}`,
    host: { indexed: true },
  })
  t.match(route(own('shop', 'dev')), { host: { indexed: false } }, 'only production is indexed')
  state.environments.setLive('acme/shop', 'dev', null)
  t.equal(route(own('shop', 'dev')), null)
  t.equal(route('host.example'), null)
})

t.test('settings of its own name are found as soon as the policy is there', async (t) => {
  deploy('acme/shop', {
    main: { hosts: { [own('shop', 'main')]: { globalRedirect: 'www.shop.example', allowIndexing: true } } },
  })
  t.match(route(own('shop', 'main')), { host: { indexed: true, settings: { globalRedirect: 'www.shop.example' } } })
})

t.test('a custom name leads somewhere only while it is granted', async (t) => {
  deploy('acme/shop', { main: { hosts: { 'www.shop.example': { allowIndexing: true } } } })
  t.equal(route('www.shop.example'), null)
  grant('www.shop.example', 'acme/other')
  t.equal(route('www.shop.example'), null, 'the grant of another project does not count')
  grant('www.shop.example', 'acme/shop')
  t.match(route('www.shop.example'), { userName: userName('acme', 'shop', 'main'), host: { indexed: true } })
  grant('www.shop.example', null)
  t.equal(route('www.shop.example'), null, 'a grant that is taken back holds at once')
})

t.test('nobody takes the name of another environment, granted or not, live or not', async (t) => {
  const victim = own('shop', 'main')
  deploy('acme/thief', { main: { hosts: { [victim]: {}, 'www.shop.example': {} } } })
  grant(victim, 'acme/thief')
  t.equal(route(victim)?.userName, userName('acme', 'shop', 'main'))
  state.environments.setLive('acme/shop', 'main', null)
  t.equal(route(victim), null)
})

t.test('a name that two projects have leads to the one that was granted it', async (t) => {
  state.environments.setLive('acme/shop', 'main', 2)
  grant('www.shop.example', 'acme/thief')
  t.equal(route('www.shop.example')?.userName, userName('acme', 'thief', 'main'))
  grant('www.shop.example', 'acme/shop')
  t.equal(route('www.shop.example')?.userName, userName('acme', 'shop', 'main'))
})
