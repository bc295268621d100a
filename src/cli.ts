// The `hostenv` command: flags to configuration, a receiver, and sentences for whoever started it.
import { Command, CommanderError } from 'commander'
import { down } from './activate/down.ts'
import { check } from './config/check.ts'
import { ConfigError, reachedAs, type ServeFlags } from './config/config.ts'
import { readEnv } from './config/env.ts'
import { loadConfig } from './config/load.ts'
import { version } from './lib/version.ts'
import { addOperatorCommands, existing } from './operate/commands.ts'
import { type Overrides, serve } from './server.ts'
import { StateInUse } from './state/database.ts'
import { SchemaError } from './state/upgrade.ts'
import { parsePublicKey } from './transport/key.ts'

const collect = (value: string, all: string[] = []) => [...all, value]
const state = [
  '--state <dir>',
  'where repositories, profiles and the record live (default: the XDG state directory)',
] as const
const runtime = ['--runtime <dir>', 'where sockets live; its path has at most 53 bytes'] as const

/** Runs one command line and exits when it is done; `serve` stays. `overrides` are for tests. */
export async function runCli(argv: readonly string[], overrides: Overrides = {}): Promise<void> {
  const program = new Command('hostenv')
    .description('git push to a running environment, built by Nix, on a machine you own')
    .version(version, '-V, --version')
    .showHelpAfterError('(hostenv --help lists what there is)')
    .exitOverride()

  program
    .command('serve')
    .description('receive pushes over SSH and serve environments over HTTP, until SIGTERM or Ctrl-C')
    .option(
      '--config <file>',
      'settings, users and limits, in YAML; flags win over it (docs/reference/configuration.md)',
    )
    .option(...state)
    .option(...runtime)
    .option('--ssh <host:port>', 'where SSH listens; port 0 picks a free one (default: 127.0.0.1:2222)')
    .option('--http <host:port>', 'where the front door listens (default: 127.0.0.1:8080)')
    .option(
      '--admin-key <file.pub>',
      "an administrator's public key; repeat for more (default: your own keys)",
      collect,
    )
    .option('--domain <name>', 'environments are served as <name of the environment>.<domain> (default: localhost)')
    .option('--nix-store <which>', 'auto, machine (/nix) or private (inside the state directory)')
    .option('--nixpkgs <path>', "a nixpkgs that projects get as pkgs (default: this machine's own programs)")
    .option('--allow-unsandboxed-builds', 'take pushes from everybody though builds can see this machine')
    .option('--log <where>', 'file (in the state directory, rotated), stderr (JSON lines) or journald (default: file)')
    .option('--trust-projects', 'run projects without a sandbox where bwrap is missing')
    .action((flags: ServeFlags) => runServe(flags, overrides))

  program
    .command('check')
    .description('say what is wrong with a configuration file, before it is used')
    .argument('[file]', 'the configuration file', 'hostenv.yaml')
    .action((file: string) => {
      const { lines, good } = check(file, readEnv(), readKey)
      for (const line of lines) (good ? process.stdout : process.stderr).write(`${line}\n`)
      process.exitCode = good ? 0 : 1
    })

  program
    .command('down')
    .description("stop every environment's services; the receiver must not be running")
    .option(...state)
    .option(...runtime)
    .action(async (flags: ServeFlags) => {
      const where = existing(flags)
      const stopped = await down(where)
      const none = `No environment was running in ${where.runtimeDir}.`
      say(stopped === 0 ? none : `Stopped ${stopped} environment${stopped === 1 ? '' : 's'}.`)
    })

  addOperatorCommands(program, state, runtime)
  for (const command of program.commands)
    command.showHelpAfterError(`(hostenv ${command.name()} --help lists what it takes)`)

  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) process.exit(error.exitCode)
    fail(error)
  }
}

async function runServe(flags: ServeFlags, overrides: Overrides): Promise<void> {
  const env = readEnv()
  const receiver = await serve(() => loadConfig(flags, env, readKey), env, overrides)
  const { config } = receiver
  const { ssh, http } = receiver
  const bracketed = (host: string) => (host.includes(':') ? `[${host}]` : host)
  const reached = bracketed(reachedAs(ssh, config.domain))
  for (const { fingerprint, source } of receiver.admins) say(`Administrator  ${fingerprint}  ${source}`)
  say(`Host key       ${receiver.hostKeyFingerprint}  (ed25519)`)
  say(`State          ${config.stateDir}`)
  say(`Nix store      ${receiver.privateStore ?? '/nix/store'}`)
  say(`SSH            ${bracketed(ssh.host)}:${ssh.port}`)
  say(`Front door     http://*.${config.domain}:${http.port}`)
  if (!receiver.buildsAreSandboxed)
    say('Builds are not sandboxed here: only administrators may push (sandbox = true in nix.conf mends it).')
  say('')
  say('In a repository with a .hostenv folder:')
  say(`  git remote add hostenv ssh://hostenv@${reached}:${ssh.port}/ORGANISATION/PROJECT.git`)
  say(`  git push hostenv main`)
  let closing = false
  const stop = () => {
    if (closing) return
    closing = true
    receiver.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  process.on('SIGHUP', () => void receiver.reload())
  // A client that goes away in the middle of a line must not end the receiver.
  process.on('SIGPIPE', () => undefined)
}

const readKey = (line: string) => parsePublicKey(line).fingerprint

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function fail(error: unknown): never {
  const known = error instanceof ConfigError || error instanceof StateInUse || error instanceof SchemaError
  process.stderr.write(
    `hostenv: ${known || !(error instanceof Error) ? String((error as Error).message ?? error) : error.stack}\n`,
  )
  process.exit(1)
}
