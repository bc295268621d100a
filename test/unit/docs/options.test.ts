// docs/reference/options.md is what the options say of themselves.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { optionsFile, optionsPage, readOptions } from '../../../scripts/options-reference.ts'
import { root } from '../../helpers/programs.ts'

const options = await readOptions()

t.test('the reference of options is that of the options', async (t) => {
  t.equal(readFileSync(optionsFile, 'utf8'), optionsPage(options), 'else run: node scripts/options-reference.ts')
})

t.test('every option says what it is, its type and where it is declared', async (t) => {
  for (const { name, type, description, declarations } of options) {
    t.match(description, /^[A-Z`].*[.)]/s, name)
    t.notMatch(type, /^unspecified$/, name)
    t.ok(
      declarations.length > 0 && declarations.every((file) => existsSync(join(root, 'nix', file))),
      `${name}: its file`,
    )
  }
})

t.test('nothing of this machine or of one run is in it', async (t) => {
  t.notMatch(optionsPage(options), /\/nix\/store\/[0-9a-z]{32}-|\/tmp\//)
  t.notOk(options.some(({ name }) => /^(runs|policyErrors|deprecations|_module)/.test(name)))
})

t.test('what a project can say is there', async (t) => {
  const names = new Set(options.map(({ name }) => name))
  const services = [
    'static-site',
    'node-app',
    'python-app',
    'php-app',
    'drupal',
    'nginx',
    'phpfpm',
    'postgresql',
    'mysql',
    'redis',
  ]
  for (const name of [
    ...[
      'environments.<name>.virtualHosts.<name>.locations.<name>.return',
      'environments.<name>.deploymentVerification.enforce',
    ],
    ...[
      'previews.<name>.extends',
      'processes.<name>.listen.port',
      'allEnvironments.users',
      'buildReference',
      'activate',
    ],
    ...[...services, 'cron', 'restic'].map(
      (service) => [...names].find((one) => one.startsWith(`services.${service}.`)) ?? service,
    ),
  ])
    t.ok(names.has(name), name)
})
