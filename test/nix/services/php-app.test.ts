// services.php-app: files as they are, everything else through one script, and a database that is the program's alone.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ask, backupSecrets, testServices } from './service.ts'

const lines = (more = '') => `services.php-app = { enable = true; root = ../app; webRoot = "public"; ${more} };`
const files = {
  'app/public/index.php': `<?php
    if ($_SERVER['REQUEST_URI'] === '/words') {
      // By the settings of php.ini, and by the variables.
      $mysqli = new mysqli('localhost', 'app', '', 'app');
      $mysqli->query('CREATE TABLE IF NOT EXISTS words (word TEXT)');
      $mysqli->query("INSERT INTO words VALUES ('kept')");
      $pdo = new PDO('mysql:unix_socket=' . getenv('DB_SOCKET') . ';dbname=' . getenv('DB_DATABASE'), getenv('DB_USERNAME'), '');
      echo $pdo->query('SELECT COUNT(*) FROM words')->fetchColumn();
    } else {
      echo json_encode([$_SERVER['SCRIPT_NAME'], $_SERVER['PATH_INFO'] ?? '', $_SERVER['REQUEST_URI'], $_GET, $_SERVER['HTTPS'] ?? '']);
    }
`,
  'app/public/style.css': 'body { }\n',
  'app/public/.env': 'SECRET=1\n',
  'app/public/.well-known/security.txt': 'Contact: mailto:a@example.org\n',
  'app/src/secret.php': '<?php echo "secret";\n',
}

testServices(t, ['php', 'nginx', 'mariadbd', 'mariadb-dump', 'restic'], async (t, services) => {
  const tree = await services.start(lines(), files)
  const seen = async (path: string, headers = {}) => JSON.parse((await ask(tree, path, { headers })).body)
  t.same(await seen('/'), ['/index.php', '', '/', [], ''])
  t.same(await seen('/a/b?c=d'), ['/index.php', '', '/a/b?c=d', { c: 'd' }, ''])
  t.same(await seen('/index.php/info', { 'x-forwarded-proto': 'https' }), [
    '/index.php',
    '/info',
    '/index.php/info',
    [],
    'on',
  ])
  t.match(await ask(tree, '/style.css'), { status: 200, body: 'body { }\n', headers: { 'content-type': /^text\/css/ } })
  t.match(await ask(tree, '/.well-known/security.txt'), { status: 200, body: /Contact/ })
  for (const path of ['/.env', '/nothing.php', '/style.css/x.php', '/../src/secret.php'])
    t.match(await ask(tree, path), { status: /40[04]/ }, path)

  t.equal((await ask(tree, '/words')).body, '1')
  backupSecrets(tree)
  const changed = await services.activate(tree, lines('backups.enable = true; phpOptions = "precision = 3";'), files)
  t.match(changed, { code: 0, stdout: /mysql unchanged · phpfpm-app restarted · .*nginx unchanged/ })
  t.equal((await ask(tree, '/words')).body, '2')

  const file = (...path: string[]) => join(tree.directory, ...path)
  const backup = await services.job(tree, 'restic-backups-php-app')
  t.equal(backup.code, 0, backup.stderr)
  t.match(readFileSync(file('state/backup/app.sql'), 'utf8'), /INSERT INTO `words` VALUES[\s\S]*'kept'/)

  const without = await services.activate(tree, lines('database.enable = false;'), files)
  t.match(without, { code: 0, stdout: /mysql stopped/ })
  t.same(await seen('/'), ['/index.php', '', '/', [], ''])
})
