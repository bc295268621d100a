// From records to files: the golden files of each manager, the same with either library, and units that systemd finds no fault with.
import { accessSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { run } from '../../src/lib/spawn.ts'
import { onEveryLib } from './libs.ts'
import type { Store } from './private-store.ts'

const everything = `{ pkgs, ... }: {
  environments.main = { };
  activate = "echo made";
  resources = { memory = "2G"; cpu = 2; };
  processes = {
    plain.command = [ "/bin/sleep" "infinity" ];
    database = {
      command = [ "/usr/bin/database" "--data" "$HOSTENV_DATA_DIR/db" "it's $HOME" ];
      environment.LANGUAGE = "C";
      directories = [ "$HOSTENV_CACHE_DIR/tmp" { path = "$HOSTENV_DATA_DIR/db"; mode = "0750"; } ];
      preStart = "[ -e made ] || touch made";
      listen.socket = "$HOSTENV_RUNTIME_DIR/db.sock";
      readiness = { command = [ "/usr/bin/database-ping" "$HOSTENV_RUNTIME_DIR/db.sock" ]; interval = 2; timeout = 90; };
      stopSignal = "INT";
      stopTimeout = 120;
      resources = { memory = "512M"; cpu = "1.5"; tasks = 64; };
      secrets = [ "DATABASE_PASSWORD" ];
    };
    web = {
      command = [ "/usr/bin/web" "-c" "$HOSTENV_STATE_DIR/files/web/web.conf" ];
      listen.socket = "$HOSTENV_UPSTREAM_DIR/in.sock";
      readiness.http.path = "/healthz";
      after = [ "database" ];
      reload.files."web.conf" = pkgs.writeText "web.conf" "workers 2\\n";
    };
    held = {
      command = [ "/usr/bin/held" ];
      listen = { socket = "$HOSTENV_RUNTIME_DIR/held.sock"; activation = true; };
    };
    port = {
      command = [ "/usr/bin/port" ];
      workingDirectory = "/";
      listen = { port = 3000; socket = "$HOSTENV_RUNTIME_DIR/port.sock"; };
      restartOnRelease = true;
    };
    once = { command = [ "/usr/bin/once" ]; restart = "on-failure"; after = [ "database" "web" ]; };
    nightly = { command = [ "/usr/bin/nightly" ]; schedule = "Mon..Fri 03:00 UTC"; stopSignal = "USR1"; resources.cpu = "50%"; };
  };
}`

/** Every file below a folder as one text, without what differs between stores. */
function text(folder: string, wanted: (path: string) => boolean): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter(wanted)
    .sort()
  const one = (path: string) => `=== ${path}\n${readFileSync(join(folder, path), 'utf8')}`
  return files
    .map(one)
    .join('\n')
    .replaceAll(/\/nix\/store\/[a-z0-9]{32}-/g, '/nix/store/…-')
}

function golden(t: import('tap').Test, name: string, found: string): void {
  const file = new URL(`golden/${name}.txt`, import.meta.url)
  if (process.env.TAP_SNAPSHOT === '1') writeFileSync(file, found)
  t.equal(found, readFileSync(file, 'utf8'), `${name}.txt (TAP_SNAPSHOT=1 writes it anew)`)
}

const rendered = async (store: Store) => {
  const out = await store.package(await store.project(null, { '.hostenv/hostenv.nix': everything }), { ref: 'main' })
  const share = join(store.real(out), 'share/hostenv')
  const list = readFileSync(join(share, 'processes.list'), 'utf8')
  const definitions = list
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' '))
  return {
    share,
    list,
    definitions: definitions.map((fields) => ({ name: fields[1] as string, path: fields[7] as string })),
  }
}

onEveryLib(t, async (t, store) => {
  const { share, list, definitions } = await rendered(store)

  t.test('every manager has its golden file', async (t) => {
    const of = (kind: (path: string) => boolean) =>
      definitions
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map(({ name, path }) => text(store.real(path), kind).replaceAll('=== ', `=== ${name}/`))
        .join('\n')
    const parts = {
      s6: (path: string) => path.startsWith('s6/'),
      systemd: (path: string) => path.startsWith('systemd/'),
    }
    golden(t, 's6', of(parts.s6))
    golden(t, 'systemd', `${of(parts.systemd)}\n${text(share, parts.systemd)}`)
    golden(
      t,
      'program',
      of((path) => !parts.s6(path) && !parts.systemd(path)),
    )
    golden(t, 'list', list.replaceAll(/\/nix\/store\/[a-z0-9]{32}-/g, '/nix/store/…-'))
  })

  t.test('systemd finds no fault with the units', { skip: missing('/usr/bin/systemd-analyze') }, async (t) => {
    const folders = [...definitions.map(({ path }) => `${path}/systemd`), `${share.slice(store.root.length)}/systemd`]
    const units = folders.flatMap((folder) =>
      readdirSync(store.real(folder))
        .filter((name) => /\.(service|timer|slice)$/.test(name))
        .map((name) => join(folder, name)),
    )
    t.equal(units.length, 9)
    const shown = [
      ...['--ro-bind', '/usr', '/usr', '--symlink', 'usr/bin', '/bin', '--symlink', 'usr/lib', '/lib'],
      ...['--symlink', 'usr/lib64', '/lib64', '--ro-bind', store.real('/nix/store'), '/nix/store', '--chdir', '/'],
      ...['--tmpfs', '/run', '--tmpfs', '/tmp', '--proc', '/proc', '--dev', '/dev', '--unsetenv', 'NODE_OPTIONS'],
    ]
    const argv = ['bwrap', ...shown, 'systemd-analyze', '--user', '--recursive-errors=no', 'verify', ...units]
    const env = { PATH: '/usr/bin:/bin', HOME: '/nonexistent', XDG_RUNTIME_DIR: '/run' }
    const ran = await run({ argv: argv as [string, ...string[]], env })
    // What else it says is about the machine's own units.
    t.strictSame(
      ran.stderr.split('\n').filter((line) => line.includes('hostenv')),
      [],
    )
    t.equal(ran.code, 0)
  })

  t.test('a definition does not depend on where the store is, nor on what others run', async (t) => {
    const only = `{ environments.main = { }; processes.plain.command = [ "/bin/sleep" "infinity" ]; }`
    const out = await store.package(await store.project(null, { '.hostenv/hostenv.nix': only }), { ref: 'main' })
    const other = readFileSync(join(store.real(out), 'share/hostenv/processes.list'), 'utf8')
      .trim()
      .split(' ')
      .at(-1)
    t.equal(other, definitions.find(({ name }) => name === 'plain')?.path)
    t.ok(existsSync(store.real(other ?? '')))
  })
})

function missing(program: string): false | string {
  try {
    accessSync(program)
    return false
  } catch {
    return `${program} is not installed`
  }
}
