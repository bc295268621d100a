// services.mysql: made at the first start, kept over releases, reached on its socket by whom the environment is.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { testServices } from './service.ts'

testServices(t, ['mariadbd', 'mariadb', 'mariadb-install-db'], async (t, services) => {
  const lines = (more = '') => `services.mysql = {
    enable = true;
    ensureDatabases = [ "app" "second-one" ];
    ensureUsers = [ { name = "app"; ensurePermissions."app.*" = "ALL PRIVILEGES"; } { name = "o'brien"; } ];
    ${more}
  };`
  const tree = await services.start(lines(), {}, ({ directory }) => {
    // What a first start that was killed leaves behind.
    mkdirSync(join(directory, 'data/mysql.new'))
    writeFileSync(join(directory, 'data/mysql.new/half'), '')
  })
  const sql = async (statement: string, as = '') => {
    const ran = await tree.sh(
      `mariadb --no-defaults -N -S "$HOSTENV_RUNTIME_DIR/mysql.sock" ${as} -e "${statement}" 2>&1`,
    )
    return ran.stdout
  }

  t.equal(await sql('SELECT CURRENT_USER()'), 'hostenv@localhost', 'the environment’s own user')
  t.match(await sql('SHOW GRANTS'), /GRANT ALL PRIVILEGES ON \*\.\* .* WITH GRANT OPTION/)
  t.equal(await sql("SHOW VARIABLES LIKE 'skip_networking'"), 'skip_networking\tON')
  t.match(await sql('SHOW DATABASES'), /^app$[\s\S]*^second-one$/m)
  t.match(await sql('SELECT user FROM mysql.user ORDER BY user'), "app\nhostenv\nmariadb.sys\no'brien\nroot")
  await sql("CREATE TABLE words (word TEXT); INSERT INTO words VALUES ('kept')", '-u app app')
  t.match(await sql('SELECT 1 FROM mysql.user', '-u app'), /SELECT command denied/)
  t.match(await sql('SELECT 1', '-u root'), /Access denied/, 'nobody here is root')

  const again = await services.activate(tree, lines('settings.mysqld.max_connections = 42;'))
  t.match(again, { code: 0, stdout: 'mysql restarted' })
  t.equal(await sql('SELECT word FROM words', '-u app app'), 'kept')
  t.match(await sql("SHOW VARIABLES LIKE 'max_connections'"), '42')
  t.equal((tree.log('mysql').match(/making the database/g) ?? []).length, 1)

  t.match(
    await services.refused('services.mysql = { enable = true; settings.mysqld.port = 3306; };'),
    /option `services\.mysql\.settings\.mysqld': an environment has no ports/,
  )
})
