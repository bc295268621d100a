// services.restic: a backup that can be restored, made with secrets that are only there at run time.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { backupSecrets, testServices } from './service.ts'

const lines = (more = '') => `services.restic.backups.files = {
  paths = [ "$HOSTENV_DATA_DIR/files" ];
  exclude = [ "*.tmp" ];
  tags = [ "a tag" ];
  pruneOpts = [ "--keep-last 1" ];
  backupPrepareCommand = '' date > "$HOSTENV_DATA_DIR/files/prepared" '';
  backupCleanupCommand = '' rm "$HOSTENV_DATA_DIR/files/prepared" '';
  ${more}
};`

testServices(t, ['restic'], async (t, services) => {
  const tree = await services.start('')
  const file = (...path: string[]) => join(tree.directory, ...path)
  t.match(await services.activate(tree, lines()), {
    code: 0,
    stdout: /restic-backups-files needs the secret RESTIC_PASSWORD/,
  })
  t.not((await services.job(tree, 'restic-backups-files')).code, 0, 'there is no backup without')
  backupSecrets(tree)

  mkdirSync(file('data/files'))
  writeFileSync(file('run/secrets/RESTIC_PASSWORD'), 'hidden\n')
  writeFileSync(file('run/secrets/RESTIC_REPOSITORY'), file('state/repository'))
  writeFileSync(file('data/files/word'), 'first\n')
  writeFileSync(file('data/files/half.tmp'), 'x')
  t.match(await services.job(tree, 'restic-backups-files'), { code: 0, stdout: /created restic repository/ })
  writeFileSync(file('data/files/word'), 'second\n')
  t.match(await services.job(tree, 'restic-backups-files'), { code: 0, stdout: /snapshots have been removed/ })

  const restic = (command: string) =>
    tree.sh(
      `cd "$HOSTENV_CACHE_DIR"; restic -r "$HOSTENV_STATE_DIR/repository" --password-file "$HOSTENV_RUNTIME_DIR/secrets/RESTIC_PASSWORD" ${command}`,
    )
  const [snapshot, ...more] = JSON.parse((await restic('snapshots --json')).stdout)
  t.match(snapshot, { hostname: 'main.localhost', tags: ['a tag'], paths: [file('data/files')] })
  t.same(more, [])
  await restic('restore latest --target "$HOSTENV_DATA_DIR/restored"')
  const restored = file('data/restored', tree.directory, 'data/files')
  t.equal(readFileSync(join(restored, 'word'), 'utf8'), 'second\n')
  t.match((await tree.sh(`ls ${restored}`)).stdout, /^prepared\nword$/)
  t.match((await tree.sh('ls "$HOSTENV_DATA_DIR/files"')).stdout, /^half\.tmp\nword$/, 'and is cleaned up after')

  t.same(await services.warnings(lines('timerConfig = { OnCalendar = "daily"; RandomizedDelaySec = 60; };')), [
    "option `services.restic.backups.files.timerConfig.RandomizedDelaySec' has no effect: only OnCalendar is understood (.hostenv/hostenv.nix)",
  ])
  t.match(
    await services.refused(lines('timerConfig = { OnCalendar = [ "daily" "hourly" ]; };')),
    /option `services\.restic\.backups\.files\.timerConfig': needs `OnCalendar', and only one/,
  )
})
