import t from 'tap'
import { makeNix, type NixSettings } from '../../../src/lib/nix.ts'

const settings: NixSettings = {
  ...{ privateStore: '/s/nix', version: { major: 2, minor: 8 }, path: '/usr/bin', home: '/s/home', root: true },
  ...{
    sandboxPaths: ['/bin/sh=/usr/bin/busybox', '/usr'],
    readOnly: ['/usr'],
    buildUsersGroup: 'nixbld',
    sandbox: true,
  },
}
const killed = ['setpriv', '--pdeathsig', 'KILL', 'unshare']
const namespace = ['--pid', '--fork', '--kill-child', '--mount-proc', '--']
const protect = ['bwrap', '--dev-bind', '/', '/', '--ro-bind', '/usr', '/usr', '--']
const features = ['--extra-experimental-features', 'nix-command flakes']
const store = (group: string) => ['--store', '/s/nix', '--option', 'build-users-group', group]
const sandbox = ['--option', 'sandbox', 'true', '--option', 'sandbox-fallback', 'false']
const paths = ['--option', 'sandbox-paths', '/bin/sh=/usr/bin/busybox /usr']
const offline = ['--option', 'substituters', '']

const table: [string, Partial<NixSettings>, string[], string[]][] = [
  [
    ...(['root, private store', {}, ['build', 'x']] as [string, object, string[]]),
    [
      ...killed,
      ...namespace,
      ...protect,
      'nix',
      ...features,
      'build',
      'x',
      ...store('nixbld'),
      ...sandbox,
      ...paths,
      ...offline,
    ],
  ],
  [
    ...(['a plain user', { root: false, buildUsersGroup: '' }, ['build', 'x']] as [string, object, string[]]),
    [
      ...killed,
      '--map-current-user',
      ...namespace,
      ...protect,
      'nix',
      ...features,
      'build',
      'x',
      ...store(''),
      ...sandbox,
      ...paths,
      ...offline,
    ],
  ],
  [
    ...(['the machine’s store', { privateStore: null }, ['build', 'x']] as [string, object, string[]]),
    [...killed, ...namespace, ...protect, 'nix', ...features, 'build', 'x', ...sandbox, ...paths],
  ],
  [
    ...(['without bwrap', { privateStore: null, readOnly: [] }, ['nix-env', '--set', 'x']] as [
      string,
      object,
      string[],
    ]),
    [...killed, ...namespace, 'nix-env', '--set', 'x', ...sandbox, ...paths],
  ],
  [
    ...(['without a sandbox', { sandbox: false }, ['nix-store', '-q']] as [string, object, string[]]),
    [
      ...killed,
      ...namespace,
      ...protect,
      'nix-store',
      '-q',
      ...store('nixbld'),
      '--option',
      'sandbox',
      'false',
      ...offline,
    ],
  ],
]
for (const [name, override, args, argv] of table)
  t.test(`${name}: exactly this command`, async (t) =>
    t.strictSame(makeNix({ ...settings, ...override }).command(args).argv, argv),
  )

t.test('its environment is made from nothing', async (t) => {
  t.strictSame(makeNix(settings).command(['build']).env, {
    ...{ PATH: '/usr/bin', HOME: '/s/home', TMPDIR: '/s/home', LC_ALL: 'C.UTF-8' },
    ...{ NIX_CONF_DIR: '/etc/nix', TERM: 'dumb' },
  })
})

t.test('where things really are', async (t) => {
  t.equal(makeNix(settings).realPath('/nix/store/a'), '/s/nix/nix/store/a')
  t.equal(makeNix({ ...settings, privateStore: null }).storeDir, '/nix/store')
})

t.test("the operator's options come first, so that what the receiver sets wins", async (t) => {
  const nix = makeNix({ ...settings, options: { cores: '2', substituters: 'https://cache.example.org' } })
  const named = ['--option', 'cores', '2', '--option', 'substituters', 'https://cache.example.org']
  t.strictSame(nix.plain(['build', 'x']), [
    'nix',
    ...features,
    ...named,
    'build',
    'x',
    ...store('nixbld'),
    ...sandbox,
    ...paths,
  ])
  t.strictSame(nix.plain(['nix-env', '-q']), ['nix-env', ...named, '-q', ...store('nixbld'), ...sandbox, ...paths])
})
