// The sample projects with a database, pushed for real to one receiver: what they are told is kept over releases.
import t from 'tap'
import { fixtureTest, live, until } from '../helpers/fixture.ts'
import { startReceiver } from '../helpers/receiver.ts'

const receiver = await startReceiver(t)
const programs = ['nginx', 'php', 'mariadbd', 'mariadb', 'mariadb-install-db']

fixtureTest(t, 'php-mysql', programs, async (t) => {
  const book = await live(t, receiver, 'php-mysql')
  t.equal(await book.read(), 'Guest book of main\n')
  t.equal(await book.write('/', 'Hello from the first release'), 201)
  book.project.write({ 'src/more.php': '<?php // more\n' })
  t.match(await book.push(), /mysql unchanged · phpfpm-app unchanged · nginx restarted/)
  t.equal(await book.write('/', 'and from the second'), 201)
  t.equal(await book.read('/any/page'), 'Guest book of main\n1. Hello from the first release\n2. and from the second\n')

  // The database itself is started anew, and its data are those of before.
  const module = '{ services.mysql.settings.mysqld.max_connections = 40; imports = [ ./app.nix ]; }\n'
  await book.project.git('mv', '.hostenv/hostenv.nix', '.hostenv/app.nix')
  book.project.write({ '.hostenv/hostenv.nix': module })
  t.match(await book.push(), /mysql restarted/)
  t.match(await book.read(), /1\. Hello from the first release/)
})

fixtureTest(t, 'drupal-like', programs, async (t) => {
  const site = await live(t, receiver, 'drupal-like')
  t.match(await site.read(), /^not installed\nsalt /)
  t.equal(await site.write('/install', ''), 200)
  t.equal(await site.write('/upload', 'uploaded words'), 200)
  const salt = /salt .*/.exec(await site.read())?.[0] ?? 'none'

  site.project.write({ 'schema-version': '2\n' })
  t.match(await site.push(), /drupal-update restarted/)
  await until(async () => (await site.read()).includes('schema: 2'), 'the update of the database')
  // Its cron runs at each quarter of an hour.
  t.equal((await site.read('/a/page')).replace('cron: ran\n', ''), `installed\n${salt}\nschema: 2\n`)
  t.equal(await site.read('/sites/default/files/note.txt'), 'uploaded words')
  t.match(await site.read('/sites/default/files/welcome.txt'), /come with the project/)

  await site.project.git('switch', '-q', '-c', 'user-testing')
  await site.push('user-testing')
  t.match(await site.read('/', 'user-testing'), /^not installed/, 'the other environment has a database of its own')
  t.match(await site.read(), /^installed/)
})
