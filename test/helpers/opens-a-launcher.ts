// Opens a launcher in the directory it is given, starts a sandbox that sleeps, and waits to be killed.
import { join } from 'node:path'
import { openLauncher } from '../../src/lib/launch.ts'
import { run } from '../../src/lib/spawn.ts'

const [, , directory = '', word = ''] = process.argv
await openLauncher(join(directory, 'launch.sock'))
console.log('open')
const sandbox = ['--unshare-all', '--new-session', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev']
void run({
  argv: ['bwrap', '--die-with-parent', ...sandbox, '--', 'sh', '-c', `sleep 300 # ${word}`],
  env: { PATH: '/usr/bin:/bin' },
})
setInterval(() => undefined, 1000)
