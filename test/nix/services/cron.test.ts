// services.cron: jobs by the calendar, and what their runs leave behind.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { logOf, testServices } from './service.ts'

const lines = `services.cron.jobs = {
  tick = {
    schedule = "*:*:0/1";
    script = '' echo "$WORD" >> ticks; echo ticked '';
    environment.WORD = "at \${pkgs.system}";
  };
  nightly = { schedule = "03:00"; command = [ "\${pkgs.coreutils}/bin/touch" "$HOSTENV_DATA_DIR/night" ]; };
  off = { enable = false; schedule = "nonsense"; };
};`

testServices(t, [], async (t, services) => {
  const tree = await services.start(lines)
  const ticks = () => {
    try {
      return readFileSync(join(tree.directory, 'data/ticks'), 'utf8').trim().split('\n')
    } catch {
      return []
    }
  }
  for (let tries = 0; tries < 200 && ticks().length < 2; tries++) await new Promise((done) => setTimeout(done, 50))
  t.ok(ticks().length >= 2, 'it runs again and again')
  t.match(ticks()[0], /^at .*-linux$/)
  t.match(await logOf(tree, 'cron-tick', /ticked/), /ticked/)
  t.equal((await tree.sh('ls data/night')).code === 0, false, 'the other waits for its hour')
  t.match(await services.activate(tree, lines), { code: 0, stdout: 'cron-nightly unchanged · cron-tick unchanged' })

  t.match(
    await services.refused('services.cron.jobs.x = { schedule = "daily"; };'),
    /option `services\.cron\.jobs\.x': needs a `command' or a `script', and only one/,
  )
  t.match(
    await services.refused('services.cron.jobs.x = { schedule = "soon"; script = "true"; };'),
    /"soon" is not understood/,
  )
})
