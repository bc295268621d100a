// services.drupal: what a site finds in its settings, what is published of it, and what runs beside it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fixture } from '../private-store.ts'
import { ask, backupSecrets, hostPrograms, logOf, testServices } from './service.ts'

// The example that hostenv's own description opens with.
const example = (phpVersion: string) => `{ pkgs, config, ... }: {
  # Service-level configuration (Drupal here, could be others).
  services.drupal.enable = true;
  services.drupal.backups.enable = true;
  services.drupal.phpVersion = "${phpVersion}";
  # Per-project environment definitions.
  environments.main = {
    enable = true;
    type = "production";
    hosts."example.ca".globalRedirect = "www.example.ca";
  };
  environments."user-testing" = { enable = true; type = "testing"; };
  # etc.
}
`

// This machine's.
const version =
  Object.keys(hostPrograms)
    .find((name) => /^php\d\.\d$/.test(name))
    ?.slice(3) ?? ''

testServices(t, ['php', 'nginx', 'mariadbd', 'mariadb-dump', 'restic'], async (t, services) => {
  const { store } = services
  const directories = { stateRoot: join(store.directory, 'lib'), runtimeRoot: join(store.directory, 'run') }
  // What is at the place that the package was built for is this tree's.
  const built = async (files: Record<string, string> = {}) =>
    store.package(
      await store.project(fixture('drupal-like'), { '.hostenv/hostenv.nix': example(version), ...files }),
      { ref: 'main' },
      { ...directories, hostPrograms },
    )

  const { environments, defaultEnvironment, warnings } = await store.evaluate(
    await store.project(null, { '.hostenv/hostenv.nix': example('8.3') }),
    {},
  )
  t.same([Object.keys(environments), defaultEnvironment], [['main', 'user-testing'], 'main'])
  t.match(warnings, [/hosts' is called `virtualHosts' now/], 'the older name of an option is understood')
  t.equal(warnings.length, 1)
  t.match(environments.main, {
    enable: true,
    type: 'production',
    virtualHosts: { 'example.ca': { globalRedirect: 'www.example.ca', redirectCode: 301 } },
    hostenv: { hostname: 'shop-main-4f7240c.localhost', gitRef: 'main' },
  })
  t.match(environments['user-testing'], { type: 'testing', virtualHosts: {} })
  t.match(
    await store.failure(
      await store.project(null, { '.hostenv/hostenv.nix': example('9.9') }),
      { ref: 'main' },
      { hostPrograms },
    ),
    /php99/,
  )

  const out = await built()
  const tree = await services.tree(join(directories.stateRoot, 'env/shop-main-4f7240c'))
  backupSecrets(tree)
  t.match(await tree.activate(out), { code: 0, stdout: /mysql started · .*drupal-update started/ })

  const page = async (path = '/', body?: string) =>
    (await ask(tree, path, body === undefined ? {} : { method: 'POST', body })).body.trim().split('\n')
  const [state, salt] = await page('/any/path')
  t.equal(state, 'not installed')
  t.match(salt, /^salt [0-9a-f]{8}$/)
  t.not(salt, 'salt 00000000')
  t.match(await logOf(tree, 'drupal-update', /Drupal is not installed yet/), /Drupal is not installed yet/)
  await page('/install')

  await page('/upload', 'uploaded words')
  t.match(await ask(tree, '/sites/default/files/note.txt'), { status: 200, body: 'uploaded words' })
  t.match(await ask(tree, '/sites/default/files/welcome.txt'), { status: 200, body: /come with the project/ })
  writeFileSync(join(tree.directory, 'data/files/evil.php'), '<?php echo "run";')
  for (const path of [
    '/sites/default/files/evil.php',
    '/sites/default/files/evil.php/x',
    '/sites/default/settings.php.inc',
    '/schema.yml',
  ])
    t.match(await ask(tree, path), { status: 404 }, path)

  const cron = await services.job(tree, 'drupal-cron')
  t.match(cron, { code: 0, stdout: /drush core:cron: done/ }, cron.stderr)
  t.same(await page(), ['installed', salt, 'cron: ran'])

  t.match(await tree.activate(await built({ 'schema-version': '2\n' })), {
    code: 0,
    stdout: /mysql unchanged · .*drupal-update restarted/,
  })
  for (let tries = 0; tries < 100 && !(await page()).includes('schema: 2'); tries++)
    await new Promise((done) => setTimeout(done, 50))
  t.same(
    await page(),
    ['installed', salt, 'cron: ran', 'schema: 2'],
    'other code updates the database, and what was there is kept',
  )

  const backup = await services.job(tree, 'restic-backups-drupal')
  t.equal(backup.code, 0, backup.stderr)
  t.match(readFileSync(join(tree.directory, 'state/backup/drupal.sql'), 'utf8'), /INSERT INTO `key_value`/)
})
