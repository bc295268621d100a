import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import type { Connection } from 'ssh2'
import t from 'tap'
import { generateHostKey } from '../../../../src/transport/key.ts'
import {
  disconnect,
  hasKeyExchange,
  isRekeying,
  packetSize,
  queuedPackets,
  socketOf,
  unreadBytes,
} from '../../../../src/transport/ssh/internals.ts'
import { ssh2 } from '../../../../src/transport/ssh2.ts'

t.test('the installed ssh2 has the fields that the server looks at', { timeout: 10_000 }, async (t) => {
  const found: Record<string, unknown> = {}
  const server = new ssh2.Server({ hostKeys: [generateHostKey().privateKey] }, (connection: Connection) => {
    found.connection = connection
    found.exchanging = [hasKeyExchange(connection)]
    connection.once('handshake', () => void (found.exchanging as boolean[]).push(hasKeyExchange(connection)))
    connection.on('authentication', (request) => request.accept())
    connection.on('session', (accept) => {
      const session = accept()
      found.packetSize = packetSize(session)
      session.on('exec', (accept) => {
        const channel = accept()
        found.socket = typeof socketOf(connection).writableNeedDrain
        found.queued = queuedPackets(connection)
        found.rekeying = isRekeying(connection)
        channel.once('readable', () => {
          found.unread = unreadBytes(connection)
          for (const field of ['_chunk', '_chunkcb', '_chunkErr', '_chunkcbErr']) t.ok(field in channel, field)
          connection.rekey()
          found.rekeyingLater = isRekeying(connection)
          connection.once('rekey', () => channel.end())
        })
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const client = new ssh2.Client()
  client.connect({ host: '127.0.0.1', port: (server.address() as { port: number }).port, username: 'x', password: 'x' })
  await once(client, 'ready')
  const channel = await new Promise<Duplex>((resolve, reject) =>
    client.exec('x', (error, channel) => (error ? reject(error) : resolve(channel))),
  )
  channel.resume()
  channel.write('12345')
  await once(channel, 'close')
  const last = once(client, 'error')
  disconnect(found.connection as Connection, 2, 'that was all')
  t.match(await last, [{ message: /that was all/ }], 'the text of the end arrives, encrypted like all else')
  delete found.connection
  t.strictSame(found, {
    exchanging: [false, true],
    packetSize: 32768,
    socket: 'boolean',
    queued: 0,
    rekeying: false,
    unread: 5,
    rekeyingLater: true,
  })
})
