// What processes ask of their host, pushed for real: a port that nobody else sees, order, and limits that this host does not know.
import { existsSync } from 'node:fs'
import t from 'tap'
import { get } from '../helpers/http.ts'
import { makeProject, type Pushed } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { hostname } from '../helpers/standing.ts'

const lacking = ['/usr/bin/socat', '/usr/sbin/ip'].filter((program) => !existsSync(program))
const skip = lacking.length > 0 && `this machine has no ${lacking.join(', ')}`

const said = ({ lines }: Pushed) =>
  lines
    .map(({ text }) => text.replace(/^remote: */, ''))
    .join(' ')
    .replace(/\s+/g, ' ')

const module = (words: string) => `{ pkgs, ... }: {
  environments.main.type = "production";
  processes.web = {
    command = [ "\${pkgs.nodejs}/bin/node" "\${../server.js}" "${words}" ];
    listen.port = 3000;
    after = [ "greeter" ];
    resources = { memory = "512M"; cpu = "0.5"; };
  };
  processes.greeter = {
    command = [ "/bin/sh" "-c" "sleep 0.5; touch \\"$HOSTENV_RUNTIME_DIR/greeted\\"; exec sleep 1000" ];
    readiness.command = [ "test" "-e" "$HOSTENV_RUNTIME_DIR/greeted" ];
  };
}
`
const server = `const { existsSync } = require('node:fs')
const greeted = existsSync(process.env.HOSTENV_RUNTIME_DIR + '/greeted')
require('node:http').createServer((request, response) => response.end(process.argv[2] + ' ' + greeted + '\\n')).listen(3000)
`

t.test(
  'a process with a port of its own is live behind its socket, and the check for ports lets it be',
  { skip },
  async (t) => {
    const receiver = await startReceiver(t)
    const project = await makeProject(t)
    project.write({ '.hostenv/hostenv.nix': module('hello'), 'server.js': server })
    await project.commit()
    const pushed = await project.push(receiver, 'main')
    t.equal(pushed.code, 0, pushed.stderr)
    t.match(said(pushed), /Warning: option `processes\.web\.resources\.cpu' has no effect on this host/)
    t.match(said(pushed), /greeter started · web started/)
    t.equal((await get(receiver.httpPort, hostname('main'))).body, 'hello true\n')

    project.write({ '.hostenv/hostenv.nix': module('hi') })
    await project.commit()
    t.match(said(await project.push(receiver, 'main')), /greeter unchanged · web restarted/)
    t.equal((await get(receiver.httpPort, hostname('main'))).body, 'hi true\n')
  },
)
