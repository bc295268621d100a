// services.node-app: an application that listens where PORT says, and one that only knows port numbers.
import t from 'tap'
import { ask, testServices } from './service.ts'

const server = (listen: string) => `
const { NODE_ENV, WORD, PORT } = process.env
require('node:http').createServer((request, response) => {
  response.statusCode = request.url === '/broken' ? 500 : 200
  response.end([NODE_ENV, WORD, process.argv[2], require('./lib/word.js')].join(' '))
}).listen(${listen})
`
const lines = (more = '') => `services.node-app = {
  enable = true;
  root = ../app;
  main = "bin/server.js";
  arguments = [ "an $argument" ];
  environment.WORD = "a word";
  ${more}
};`
const files = (listen: string) => ({
  'app/bin/server.js': server(listen).replace('./lib', '../lib'),
  'app/lib/word.js': "module.exports = 'required'",
})

testServices(t, ['node'], async (t, services) => {
  const tree = await services.start(lines(), files('PORT'))
  t.match(await ask(tree, '/'), { status: 200, body: 'production a word an $argument required' })

  const healthy = lines('healthPath = "/fine"; nodeArguments = [ "--no-warnings" ];')
  t.match(await services.activate(tree, healthy, files('PORT')), { code: 0, stdout: 'node-app restarted' })
  const broken = await services.activate(
    tree,
    `${lines('healthPath = "/broken";')} processes.node-app.readiness.timeout = 1;`,
    files('PORT'),
  )
  t.match(broken, { stderr: /node-app is not ready after 1 s/ })
  t.not(broken.code, 0)

  const ported = await services.activate(tree, lines('port = 3000;'), files("Number(PORT), '127.0.0.1'"))
  t.match(ported, { code: 0, stdout: 'node-app restarted' }, ported.stderr)
  t.match(await ask(tree, '/'), { status: 200, body: /^production a word/ })
})
