// The example is the documentation: it loads, it has every setting, and what it says are the defaults.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { configSchema, page, settings } from '../../../scripts/config-reference.ts'
import { check } from '../../../src/config/check.ts'
import { defaultLimits } from '../../../src/config/limits.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { parsePublicKey } from '../../../src/transport/key.ts'
import { makeKey } from '../../helpers/keys.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

const reference = new URL('../../../docs/reference/', import.meta.url)
const example = new URL('hostenv.example.yaml', reference)
const env = { home: undefined, path: '', stateHome: undefined, runtimeDir: undefined, user: undefined }
const readKey = (line: string) => parsePublicKey(line).fingerprint
const hint = 'else run: node scripts/config-reference.ts && npx biome check --write docs'

t.test('the example loads, and is good as long as its key files are there', async (t) => {
  const directory = tempDir(t)
  const file = join(directory, 'hostenv.yaml')
  cpSync(example, file)
  const without = check(file, env, readKey)
  t.match(without, {
    good: false,
    lines: [/^.*hostenv\.yaml:\d+:9: The key file .*keys\/ci\.pub cannot be read \(ENOENT\)/],
  })
  mkdirSync(join(directory, 'keys'))
  const ci = await makeKey(join(directory, 'keys'), 'ci')
  t.match(check(file, env, readKey), { good: true, lines: [/is good\.$/, /^State +\/var\/lib\/hostenv$/] })
  const { config, keys, files } = loadConfig({ config: file }, env, readKey)
  t.strictSame(config.limits, defaultLimits, 'every limit stands there with its default')
  t.match(config, {
    domain: 'apps.example.org',
    ssh: { host: '0.0.0.0', port: 2222 },
    nix: { options: { cores: '2' } },
  })
  t.match(keys, [
    { user: 'alice', administrator: true },
    { user: 'ci', administrator: false, fingerprint: ci.fingerprint },
  ])
  t.same(files, [file, ci.publicFile])
})

t.test('the example shows every setting', async (t) => {
  const text = readFileSync(example, 'utf8')
  for (const { path } of settings()) t.match(text, new RegExp(`^ *(# )?${path.split('.').at(-1)}:`, 'm'), path)
})

t.test('docs/reference/config.schema.json and configuration.md are what the code says', async (t) => {
  t.strictSame(
    JSON.parse(readFileSync(new URL('config.schema.json', reference), 'utf8')),
    JSON.parse(JSON.stringify(configSchema())),
    hint,
  )
  t.equal(readFileSync(new URL('configuration.md', reference), 'utf8'), page(), hint)
})

t.test('flags win over the file, and its relative paths start where it is', async (t) => {
  const directory = tempDir(t)
  const key = await makeKey(directory, 'boss')
  const file = join(directory, 'h.yaml')
  writeFileSync(
    file,
    `state: s\nruntime: /run/x\ndomain: file.org\nlisten: {http: '[::1]:80'}\nusers: {boss: {role: administrator, keyFiles: [boss.pub]}}\n`,
  )
  const { config } = loadConfig({ config: file, domain: 'flag.org', state: '/flag' }, env, readKey)
  t.match(config, { domain: 'flag.org', stateDir: '/flag', runtimeDir: '/run/x', http: { host: '::1', port: 80 } })
  t.equal(loadConfig({ config: file }, env, readKey).config.stateDir, join(directory, 's'))
  writeFileSync(
    file,
    `users:\n  boss: {role: administrator, keyFiles: [boss.pub]}\n  thief:\n    keys:\n      - ${key.publicKey}\n`,
  )
  t.throws(() => loadConfig({ config: file }, env, readKey), {
    message: `${file}:5:9: users.thief: this key is boss's already; a key has one owner.`,
  })
  writeFileSync(file, 'users:\n  boss: {role: administrator, keys: [ssh-ed25519 AAAAC3]}\n')
  t.throws(() => loadConfig({ config: file }, env, readKey), {
    message: `${file}:2:38: users.boss: The ssh-ed25519 key is damaged or cut off.`,
  })
  writeFileSync(file, 'listen: {ssh: 0.0.0.0:22}\n')
  t.throws(() => loadConfig({ config: file }, env, readKey), {
    message: /reachable by others: name the administrators/,
  })
})
