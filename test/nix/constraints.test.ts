// What the receiver would not take is refused by the library, with the option and the file: all of it in one list.
import t from 'tap'
import { onEveryLib } from './libs.ts'
import { site } from './private-store.ts'

// nginx is named, never started.
const hostPrograms = { ...site.hostPrograms, nginx: '/usr/sbin/nginx' }

const long = 'a'.repeat(64)
const table: [string, string, RegExp][] = [
  [
    'a host name with a port',
    'environments.main.virtualHosts."a.example:8080" = { };',
    /"main"\.virtualHosts': "a\.example:8080" is no host name/,
  ],
  ['a host name in capitals', 'environments.main.virtualHosts."A.example" = { };', /"A\.example" is no host name/],
  ['a label that is too long', `environments.main.virtualHosts."${long}.example" = { };`, /is no host name \(RFC 1123/],
  ['a label that ends in -', 'environments.main.virtualHosts."a-.example" = { };', /"a-\.example" is no host name/],
  [
    'a redirect to an address',
    'environments.main.virtualHosts."a.example".globalRedirect = "https://b.example";',
    /virtualHosts\."a\.example"\.globalRedirect': "https:\/\/b\.example" is no host name/,
  ],
  ['a person', 'environments.main.users."a b" = { };', /"main"\.users': "a b" is no name for a person/],
  [
    'a person everywhere',
    'environments.main = { }; allEnvironments.users."-x" = { };',
    /`allEnvironments\.users': "-x" is no name/,
  ],
  [
    'a person of previews',
    'environments.main = { }; previews."x/*".users."a:b" = { };',
    /`previews\."x\/\*"\.users': "a:b" is no name/,
  ],
  [
    'a key of 245 bytes',
    `environments."${'x'.repeat(245)}" = { };`,
    /option `environments': "x{245}" cannot be the name of a branch/,
  ],
  ['a key of 246 bytes in 123 letters', `environments."${'ü'.repeat(123)}" = { };`, /cannot be the name of a branch/],
  [
    'a socket path',
    `environments.main = { }; processes.web = { command = [ "x" ]; listen.socket = "$HOSTENV_RUNTIME_DIR/${'s'.repeat(80)}.sock"; };`,
    /`processes\.web\.listen\.socket': the path of this socket has 1\d\d bytes on this host, and 107 is the most: \/run\/hostenv\/user\/shop-main-4f7240c\/s+\.sock/,
  ],
  [
    'a socket to be asked',
    `environments.main = { }; processes.web = { command = [ "x" ]; readiness.http.socket = "$HOSTENV_UPSTREAM_DIR/${'s'.repeat(80)}"; };`,
    /`processes\.web\.readiness\.http\.socket': the path/,
  ],
  [
    'a port in PORT',
    'environments.main = { }; processes.web = { command = [ "x" ]; environment.PORT = "3000"; };',
    /`processes\.web\.environment': PORT is the number 3000, and an environment has no ports; .*processes\.web\.listen\.port/,
  ],
  [
    'a port behind nginx',
    'environments.main = { }; services.nginx.virtualHosts.app.locations."/".proxyPass = "http://127.0.0.1:3000";',
    /virtualHosts\.app\.locations\."\/"\.proxyPass': "http:\/\/127\.0\.0\.1:3000" is a port/,
  ],
  [
    'a FastCGI port',
    'environments.main = { }; services.nginx.virtualHosts.app.locations."/".fastcgiPass = "localhost:9000";',
    /fastcgiPass': "localhost:9000" is a port/,
  ],
  [
    'a process name',
    `environments.main = { }; processes."${long}".command = [ "x" ]; `,
    /option `processes': "a{64}" is no name/,
  ],
  [
    'a function in the manifest',
    'environments.main.releaseTags = x: x;',
    /option `environments\.main\.releaseTags' is not of type/,
  ],
  [
    'a port of nobody',
    'environments.main = { }; processes.web = { command = [ "x" ]; listen.port = 70000; };',
    /processes\.web\.listen\.port' is not of type/,
  ],
]

onEveryLib(t, async (t, store) => {
  const inline = (text: string) => store.project(null, { '.hostenv/hostenv.nix': `{ ... }: { ${text} }` })

  await t.test('each is refused, with its file', async (t) => {
    for (const [name, text, said] of table) {
      const message = await store.failure(await inline(text), { ref: 'main' })
      t.match(message, said, name)
      t.match(message, /\.hostenv\/hostenv\.nix/, `${name}: the file`)
    }
  })

  await t.test('all that is wrong is one list', async (t) => {
    const source = await inline(
      `environments.main.virtualHosts."A" = { }; environments.main.users."b c" = { }; environments."d d" = { };`,
    )
    t.match(
      await store.failure(source, { ref: 'main' }),
      /the project: failed assertions:(\s*- option `environments[^\n]*\(\.hostenv\/hostenv\.nix\)){3}/,
    )
    const content = await inline(
      `environments.main = { }; processes.web = { command = [ "x" ]; environment.PORT = "1"; after = [ "db" ]; };
       assertions = [ { assertion = false; message = "of the project"; } ];`,
    )
    const said = await store.failure(content, { ref: 'main' })
    for (const one of [
      /- of the project \(/,
      /- option `processes\.web\.environment': PORT/,
      /- option `processes\.web\.after'/,
    ])
      t.match(said, one)
  })

  await t.test('what is allowed stays so', async (t) => {
    const source = await inline(`
      environments.main.virtualHosts."xn--bcher-kva.example" = { };
      environments.main.virtualHosts."1.a-b.example".globalRedirect = "localhost:8443";
      environments."feature/größe" = { };
      processes.web = { command = [ "x" ]; listen.port = 3000; environment.PORT = "3000"; };
      processes.worker = { command = [ "x" ]; environment.PORT = "$HOSTENV_UPSTREAM_DIR/in.sock"; };
      services.nginx.virtualHosts.app.locations."/".proxyPass = "http://unix:$HOSTENV_RUNTIME_DIR/app.sock:/x";
    `)
    t.strictSame(Object.keys((await store.evaluate(source, { ref: 'main' }, { hostPrograms })).selected), ['main'])
  })
})
