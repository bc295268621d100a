// services.redis: on a socket, with data that outlive it.
import t from 'tap'
import { testServices } from './service.ts'

testServices(t, ['redis-server', 'redis-cli'], async (t, services) => {
  const lines = 'services.redis = { enable = true; settings = { save = [ "900 1" "300 10" ]; maxmemory = "64mb"; }; };'
  const tree = await services.start(lines)
  const redis = async (...words: string[]) =>
    (await tree.sh(`redis-cli -s "$HOSTENV_RUNTIME_DIR/redis.sock" ${words.join(' ')}`)).stdout

  t.equal(await redis('set', 'word', 'kept'), 'OK')
  t.match(await redis('config', 'get', 'save'), '900 1 300 10')
  t.match(await redis('config', 'get', 'port'), /port\n0$/)
  t.match(await redis('config', 'get', 'unixsocketperm'), '700')
  t.match(await services.activate(tree, lines.replace('64mb', '32mb')), { code: 0, stdout: 'redis restarted' })
  t.equal(await redis('get', 'word'), 'kept', 'written down before it ended')
  t.match(await services.activate(tree, lines.replace('64mb', '32mb')), { code: 0, stdout: 'redis unchanged' })

  t.match(
    await services.refused('services.redis = { enable = true; settings.port = 6379; };'),
    /option `services\.redis\.settings': an environment has no ports/,
  )
})
