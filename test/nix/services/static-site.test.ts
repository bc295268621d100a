// services.static-site: files as they are, and browsers that notice when they changed.
import t from 'tap'
import { ask, testServices } from './service.ts'

const lines = `services.static-site = {
  enable = true;
  root = ../public;
  notFound = "/404.html";
  maxAge."/assets/" = "1y";
};`
const files = {
  'public/index.html': '<h1>One</h1>\n',
  'public/about/index.html': '<h1>About</h1>\n',
  'public/404.html': '<h1>No</h1>\n',
  'public/assets/site.css': 'h1 { color: red }\n',
  'public/app.wasm': 'x',
}

testServices(t, ['nginx'], async (t, services) => {
  const tree = await services.start(lines, files)
  const first = await ask(tree, '/')
  t.match(first, { status: 200, body: '<h1>One</h1>\n', headers: { 'content-type': 'text/html; charset=utf-8' } })
  t.match(await ask(tree, '/about'), { status: 301, headers: { location: '/about/' } })
  t.match(await ask(tree, '/about/'), { status: 200, body: /About/ })
  t.match(await ask(tree, '/assets/site.css'), {
    status: 200,
    headers: { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'max-age=31536000' },
  })
  t.match(await ask(tree, '/app.wasm'), { headers: { 'content-type': 'application/wasm' } })
  for (const path of ['/none', '/assets/none', '/../../etc/passwd', '/%2e%2e/.hostenv/hostenv.nix'])
    t.match(await ask(tree, path), { status: /40[04]/ }, path)
  t.equal((await ask(tree, '/none')).body, '<h1>No</h1>\n')

  // Every file of the store has the same date, and this one keeps its size.
  const etag = String(first.headers.etag)
  const again = { headers: { 'if-none-match': etag } }
  t.equal((await ask(tree, '/', again)).status, 304)
  t.equal(first.headers['last-modified'], undefined)
  await services.activate(tree, lines, { ...files, 'public/index.html': '<h1>Two</h1>\n' })
  t.match(await ask(tree, '/', again), { status: 200, body: '<h1>Two</h1>\n' })

  const made = `root = "\${pkgs.runCommand "made" { } "mkdir $out; echo built > $out/index.html"}"`
  await services.activate(tree, lines.replace('root = ../public', made), files)
  t.match(await ask(tree, '/'), { status: 200, body: 'built\n' }, 'a folder that a build step makes')

  await services.activate(tree, lines.replace('notFound = "/404.html"', 'fallback = "/index.html"'), files)
  t.match(await ask(tree, '/a/route/of/the/app'), { status: 200, body: '<h1>One</h1>\n' })
})
