// services.postgresql: made at the first start, kept over releases, reached on its socket by whom the environment is.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { testServices } from './service.ts'

testServices(t, ['postgres', 'initdb', 'psql'], async (t, services) => {
  const lines = (more = '') => `services.postgresql = {
    enable = true;
    ensureDatabases = [ "app" "second-one" ];
    ensureUsers = [ { name = "app"; ensureDBOwnership = true; } { name = "reader"; ensurePermissions.app = "CONNECT"; } ];
    ${more}
  };`
  const tree = await services.start(lines(), {}, ({ directory }) => mkdirSync(join(directory, 'data/postgresql.new')))
  const sql = async (statement: string, as = 'postgres', database = 'postgres') =>
    (await tree.sh(`psql -h "$HOSTENV_RUNTIME_DIR" -U ${as} -d ${database} -Atc "${statement}" 2>&1`)).stdout

  t.equal(await sql('SHOW listen_addresses'), '')
  t.equal(
    await sql('SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1'),
    ['app', 'postgres', 'second-one'].join('\n'),
  )
  t.equal(
    await sql('SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()', 'app', 'app'),
    'app',
  )
  t.match(await sql('CREATE TABLE words (word text)', 'app', 'app'), 'CREATE TABLE')
  await sql("INSERT INTO words VALUES ('kept')", 'app', 'app')
  t.match(await sql('SELECT * FROM words', 'reader', 'app'), /permission denied/)
  t.match(await sql('SELECT 1', 'somebody'), /Peer authentication failed/)

  // The supervisor's own process id is one that surely lives.
  await tree.sh('s6-svc -wD -T 10000 -d "$HOSTENV_RUNTIME_DIR/s6/service/postgresql"')
  writeFileSync(join(tree.directory, 'data/postgresql/postmaster.pid'), '1\n')
  const again = await services.activate(tree, lines('settings.max_connections = 42;'))
  t.match(again, { code: 0, stdout: 'postgresql restarted' }, 'a lock that a killed server left is in nobody’s way')
  t.equal(await sql('SELECT word FROM words', 'app', 'app'), 'kept')
  t.equal(await sql('SHOW max_connections'), '42')

  await tree.sh('s6-svc -wD -T 10000 -d "$HOSTENV_RUNTIME_DIR/s6/service/postgresql"')
  writeFileSync(join(tree.directory, 'data/postgresql/PG_VERSION'), '9\n')
  const older = await services.activate(tree, lines())
  t.not(older.code, 0)
  t.match(older.stderr, /the data are of version 9 and the program is of version \d+/)

  t.match(
    await services.refused('services.postgresql = { enable = true; settings.listen_addresses = "*"; };'),
    /option `services\.postgresql\.settings\.listen_addresses': an environment has no ports/,
  )
  t.match(
    await services.refused(
      'services.postgresql = { enable = true; ensureUsers = [ { name = "x"; ensureDBOwnership = true; } ]; };',
    ),
    /`x' can only own a database of its name; add it to `services\.postgresql\.ensureDatabases'/,
  )
})
