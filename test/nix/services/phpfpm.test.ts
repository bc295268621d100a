// services.phpfpm: pools with their own extensions, settings and variables, and PHP's words in the pool's log.
import t from 'tap'
import { ask, hostPrograms, logOf, testServices } from './service.ts'

const lines = (more = '') => `
  services.phpfpm.phpOptions = "memory_limit = 64M";
  services.phpfpm.pools.app = {
    settings."pm.max_children" = 3;
    phpEnv.WORD = "a word";
    phpOptions = "precision = 4";
    ${more}
  };
  services.nginx.virtualHosts.app.locations."/" = {
    root = "\${../app}";
    fastcgiPass = "unix:\${config.services.phpfpm.pools.app.socket}";
    fastcgiParams.SCRIPT_FILENAME = "\${../app}/index.php";
  };`
const files = {
  'app/index.php': `<?php
    error_log('said to the log');
    session_start();
    $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
    echo json_encode([ini_get('memory_limit'), ini_get('precision'), getenv('WORD'), getenv('HOSTENV_ENVIRONMENT'),
      extension_loaded('sockets'), is_writable(sys_get_temp_dir()), $_SESSION['n'], $_SERVER['HTTP_PROXY'] ?? '']);
`,
}

testServices(t, ['php', 'nginx'], async (t, services) => {
  const tree = await services.start(lines(), files)
  const first = await ask(tree, '/', { headers: { proxy: 'http://attacker.example' } })
  t.same(JSON.parse(first.body), ['64M', '4', 'a word', 'main', true, true, 1, ''])
  t.match(await logOf(tree, 'phpfpm-app', /said to the log/), /said to the log/)
  const cookie = String(first.headers['set-cookie']).split(';')[0] ?? ''

  const again = await services.activate(tree, lines('disableExtensions = [ "sockets" ];'), files)
  t.match(again, { code: 0, stdout: 'nginx unchanged · phpfpm-app restarted' })
  t.same(
    JSON.parse((await ask(tree, '/', { headers: { cookie } })).body).slice(4, 7),
    [false, true, 2],
    'sessions are kept',
  )

  await t.rejects(
    services.activate(tree, lines('extensions = [ "memcached" ];'), files),
    /this host's PHP [0-9.]+ has no extension `memcached'; its operator can install it, or provide nixpkgs/,
  )
  t.match(await services.refused(lines('extensions = [ "no-such" ];'), files), /PHP has no extension `no-such'/)
  t.match(
    await services.refused(lines('phpVersion = "7.4";'), files),
    /pkgs\.php74: this host has no program `php7\.4'; its operator can install it, or provide nixpkgs/,
  )
  const bare = Object.fromEntries(Object.entries(hostPrograms).filter(([name]) => !name.startsWith('php-fpm')))
  t.match(
    await services.refused(lines(), files, { hostPrograms: bare }),
    /option `services\.phpfpm\.pools\.app': this host has PHP without `php-fpm'/,
  )
})
