import { createRequire } from 'node:module'
import t from 'tap'
import { ssh2 } from '../../../src/transport/ssh2.ts'

const require = createRequire(import.meta.url)

t.test('ssh2 runs without its native part, wherever that was compiled', async (t) => {
  t.type(ssh2.Server, 'function')
  t.equal(require('ssh2/lib/protocol/crypto.js').bindingAvailable, false)
  const native = 'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node'
  t.throws(() => require(native), /native part of ssh2 is not loaded/, 'not because there is none')
})
