import t from 'tap'
import { environmentSandbox, evaluationSandbox, sandboxHost } from '../../../src/lib/sandbox.ts'

const host = { base: ['BASE'], accountsDir: '/accounts' }
const ids = ['--uid', '1000', '--gid', '1000']
const inside = ['prlimit', '--nproc=8', '--']
const end = (chdir: string) => ['--remount-ro', '/', '--chdir', chdir, '--']

t.test('evaluation: the store and an empty home, no network, limits', async (t) => {
  const limits = ['prlimit', '--as=9', '--core=0', '--']
  const bwrap = ['bwrap', '--die-with-parent', '--unshare-user', '--unshare-all', '--new-session', ...ids, 'BASE']
  t.strictSame(evaluationSandbox({ host, privateStore: '/s/nix', memory: 9, processes: 8 }), [
    ...[...limits, ...bwrap, '--bind', '/s/nix', '/s/nix', '--tmpfs', '/s/nix/nix/var/log', ...end('/home'), ...inside],
  ])
  t.strictSame(evaluationSandbox({ host, privateStore: null, memory: 9, processes: 8 }), [
    ...[...limits, ...bwrap, '--bind', '/nix', '/nix', '--tmpfs', '/nix/var/log', ...end('/home'), ...inside],
  ])
  t.strictSame(evaluationSandbox({ host: null, privateStore: null, memory: 9, processes: 8 }), [
    ...[...limits, 'setpriv', '--pdeathsig', 'KILL', 'env', 'HOME=/nonexistent'],
  ])
})

t.test('an environment: the store read-only, its own directories, its own processes', async (t) => {
  const apart = ['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try', '--new-session', 'BASE']
  const within = ['prlimit', '--nproc=8', '--data=7', '--core=0', '--']
  const own = ['--ro-bind', '/s/store', '/nix/store', '--bind', '/d', '/d', '--bind', '/r', '/r']
  const s = { host, storeDir: '/s/store', directories: ['/d', '/r'], chdir: '/d', limits: { processes: 8, memory: 7 } }
  t.strictSame(environmentSandbox({ ...s, dieWithParent: true, holds: 3 }), [
    ...[
      'bwrap',
      '--die-with-parent',
      '--sync-fd',
      '3',
      '--unshare-user',
      ...ids,
      ...apart,
      ...own,
      ...end('/d'),
      ...within,
    ],
  ])
  t.strictSame(environmentSandbox({ ...s, dieWithParent: false }), [
    ...['bwrap', '--as-pid-1', '--unshare-user', ...ids, ...apart, ...own, ...end('/d'), ...within],
  ])
})

t.test('of the host: programs and public certificates', async (t) => {
  const { base } = sandboxHost('/accounts', ['/opt/node', '/usr/bin/x'])
  const text = base.join(' ')
  t.match(text, '--ro-bind /usr /usr')
  t.match(text, '--proc /proc --remount-ro /proc --dev /dev --tmpfs /tmp --tmpfs /home --ro-bind /opt/node /opt/node')
  t.match(text, '--ro-bind-try /etc/ssl/certs /etc/ssl/certs')
  t.match(text, '--ro-bind /accounts/passwd /etc/passwd')
  for (const no of [
    '/etc/ssl /etc/ssl ',
    '/etc/pki /etc/pki ',
    '/etc/nix',
    '--bind /',
    '/root',
    '/run',
    '/sys',
    '/var',
  ])
    t.notMatch(text, no)
})
