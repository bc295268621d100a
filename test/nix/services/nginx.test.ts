// services.nginx: servers and locations on the environment's socket, and what programs behind it are told.
import t from 'tap'
import { ask, testServices } from './service.ts'

const echo = `const http = require('node:http')
http.createServer((request, response) => {
  let length = 0
  request.on('data', (part) => { length += part.length }).on('end', () => {
    response.end(JSON.stringify({ url: request.url, length, headers: request.headers }))
  })
}).listen(process.env.PORT)
`
const lines = (more = '') => `
  processes.echo = {
    command = [ "\${pkgs.nodejs}/bin/node" "\${../echo.js}" ];
    environment.PORT = "$HOSTENV_RUNTIME_DIR/echo.sock";
    listen.socket = "$HOSTENV_RUNTIME_DIR/echo.sock";
  };
  services.nginx = {
    clientMaxBodySize = "1m";
    settings.large_client_header_buffers = "4 8k";
    virtualHosts = {
      app = {
        default = true;
        locations."/".proxyPass = "http://unix:$HOSTENV_RUNTIME_DIR/echo.sock";
        locations."/live" = { proxyPass = "http://unix:$HOSTENV_RUNTIME_DIR/echo.sock"; proxyWebsockets = true; };
        locations."= /gone".return = "410 gone";
      };
      other = { serverName = "other.example"; serverAliases = [ "another.example" ]; locations."/".return = "200 $host"; };
    };
    ${more}
  };`

testServices(t, ['nginx', 'node'], async (t, services) => {
  const files = { 'echo.js': echo }
  const tree = await services.start(lines(), files)
  const through = async (path: string, headers: Record<string, string> = {}, body?: string) =>
    JSON.parse((await ask(tree, path, { headers, method: body === undefined ? 'GET' : 'POST', body: body ?? '' })).body)

  const forwarded = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https', host: 'example.org:8080' }
  t.match(await through('/a/b?c=d', forwarded), {
    url: '/a/b?c=d',
    headers: { host: 'example.org:8080', 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https' },
  })
  t.notMatch((await through('/')).headers, { upgrade: /./ })
  t.match(await through('/live', { connection: 'upgrade', upgrade: 'websocket' }), {
    headers: { connection: 'upgrade', upgrade: 'websocket' },
  })
  t.match(
    await through('/', {}, 'x'.repeat(900_000)),
    { length: 900_000 },
    'bodies larger than a buffer are put in its own directory',
  )
  t.equal((await ask(tree, '/', { method: 'POST', body: 'x'.repeat(1_100_000) })).status, 413)
  t.match(await ask(tree, '/gone'), { status: 410, body: 'gone', headers: { server: 'nginx' } })
  t.equal((await ask(tree, '/', { headers: { host: 'other.example' } })).body, 'other.example')
  t.equal((await ask(tree, '/', { headers: { host: 'another.example' } })).body, 'another.example')

  const changed = await services.activate(
    tree,
    lines('settings.gzip = true; settings.gzip_types = [ "application/json" ];'),
    files,
  )
  t.match(changed, { code: 0, stdout: 'echo unchanged · nginx restarted' }, 'what is behind it stays')
  const wrong = await services.activate(tree, lines('settings.no_such_directive = true;'), files)
  t.not(wrong.code, 0)
  t.match(wrong.stderr, /unknown directive "no_such_directive" in .*nginx\.conf:\d+/)

  t.match(
    await services.refused('services.nginx.virtualHosts.a.locations."/" = { return = 404; proxyPass = "http://x"; };'),
    /option `services\.nginx\.virtualHosts\.a\.locations\."\/"': only one of proxyPass, fastcgiPass and return can answer/,
  )
})
