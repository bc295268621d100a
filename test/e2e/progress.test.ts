// Pushes as a terminal of 80 columns shows them, drawn by the real git: while a build runs, and at its end.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { start } from '../../src/lib/spawn.ts'
import { cleanEnv } from '../helpers/programs.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { screen } from '../helpers/screen.ts'

const module = (kind: string, last: string, { seconds = 0, upFor = 0 } = {}) => `{ pkgs, ... }:
let
  frontend = pkgs.runCommand "shop-frontend-2.4" { } ''
    echo "vite build ${kind}"; sleep ${seconds}
    printf '10%%\\r\\033[31m100%% transformed\\033[0m\\n'; sleep ${seconds}
    ${last}
  '';
in
{
  environments.main = { type = "production"; deploymentVerification.upFor = ${upFor}; };
  processes.web = {
    command = [ "\${pkgs.nodejs}/bin/node" "\${../server.js}" ];
    environment.GREETING = "\${frontend}";
  };
}
`

const receiver = await startReceiver(t)
// Each text stays until even a machine that stalls has drawn it, and its process has the time to answer.
const slow = module('one', 'echo one > $out', { seconds: 3, upFor: 4 })
const project = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': slow })

/** `git push` under script(1), whose terminal is what git and ssh get; `looks` are the screens that were there, one a drawing. */
async function pushOnTerminal(...args: string[]) {
  const env = { ...cleanEnv(project.directory), GIT_SSH_COMMAND: receiver.sshCommand(), TERM: 'xterm' }
  const push = ['git', 'push', ...args, receiver.url('acme/shop'), 'main'].map((word) => `'${word}'`).join(' ')
  const argv: [string, ...string[]] = ['script', '-qefc', `stty cols 80 rows 24; ${push}`, '/dev/null']
  const child = start({ argv, env, cwd: project.directory }, ['ignore', 'pipe', 'ignore'])
  let bytes = ''
  const looks: string[][] = []
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    // Several drawings may arrive together.
    for (const part of text.split(/(?<=\r)/)) {
      bytes += part
      looks.push(remote(bytes))
    }
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { code, bytes, looks, final: remote(bytes) }
}

/** The receiver's lines on the screen, with everything replaced that differs from run to run. */
function remote(bytes: string): string[] {
  return screen(bytes)
    .filter((line) => /^remote: [- ]/.test(line))
    .map((line) =>
      line
        .replace(/\b[0-9a-f]{7} →/, 'COMMIT →')
        .replace(/Evaluating [0-9a-f]{7}/, 'Evaluating COMMIT')
        .replace(/\d+(\.\d+)? (ms|s)\b/g, 'TIME')
        .replace(/\d+(\.\d+)? KiB/g, 'SIZE')
        .replace(/:\d{4,5}$/, ':PORT')
        .replace(/-p \d+/, '-p PORT')
        .replace(/\d+ (derivation|cached)/g, 'SOME $1'),
    )
}

const log = (deploy: number) => readFileSync(join(receiver.stateDir, `log/deploys/d${deploy}.log`), 'utf8')

t.test('a build is one line, redrawn in place, and gone at the end', async (t) => {
  const { code, bytes, looks, final } = await pushOnTerminal()
  t.equal(code, 0, bytes)
  const live = looks.flat().filter((line) => /\[\d+\/\d+\]/.test(line))
  t.match(live, [/^remote: {8}\[\d+\/\d+\] TIME/])
  t.ok(live.some((line) => line.endsWith('] TIME · shop-frontend-2.4: vite build one')))
  t.ok(live.some((line) => line.endsWith('] TIME · shop-frontend-2.4: 100% transformed')))
  for (const look of looks) t.ok(look.filter((line) => /\[\d+\/\d+\]/.test(line)).length <= 1, 'one line at a time')
  t.matchSnapshot(final.join('\n'))
  t.match(log(1), /Z shop-frontend-2\.4> vite build one\n/, 'the log has what the builders said')
  t.notMatch(log(1), /[\r\u001b]|\[\d+\/\d+\]/, 'and nothing that was drawn')
})

t.test('a failed build in colour', async (t) => {
  await project.commit('Breaks', {
    '.hostenv/hostenv.nix': module('two', 'echo "src/cart.ts(4,2): error" >&2; exit 1'),
  })
  const { code, bytes, final } = await pushOnTerminal('-o', 'color')
  t.not(code, 0)
  t.match(bytes, /\u001b\[36m----->\u001b\[0m acme\/shop/)
  t.match(bytes, /\u001b\[31m-----> Build failed: shop-frontend-2\.4, exit 1\u001b\[0m/)
  t.matchSnapshot(final.join('\n'))
  t.notMatch(log(2), '\u001b')
})

t.test('-q gets plain lines', async (t) => {
  await project.commit('Mends', { '.hostenv/hostenv.nix': module('three', 'echo three > $out') })
  const quiet = await pushOnTerminal('-q')
  t.equal(quiet.code, 0, quiet.bytes)
  t.ok(
    quiet.final.some((line) => line.endsWith('] shop-frontend-2.4: vite build three')),
    quiet.bytes,
  )
  t.notMatch(quiet.bytes, /\r(?!\n)/)
})
