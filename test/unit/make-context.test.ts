// What the receiver tells people to type works from where they are.
import t from 'tap'
import { commandLine } from '../../src/make-context.ts'

t.test('a printed command names a host that can be reached', async (t) => {
  t.equal(commandLine({ host: '127.0.0.1', port: 2222 }, 'localhost'), 'ssh -p 2222 hostenv@127.0.0.1 ')
  t.equal(commandLine({ host: '::1', port: 22 }, 'localhost'), 'ssh -p 22 hostenv@::1 ')
  for (const host of ['0.0.0.0', '::'])
    t.equal(commandLine({ host, port: 2222 }, 'apps.example.org'), 'ssh -p 2222 hostenv@apps.example.org ')
})
