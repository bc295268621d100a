// The project that both sides build: hello-web as a flake with the library in its tree, so that `nix build` makes the very package
// that the receiver makes. Nobody waits for processes to prove themselves, because the hook by hand does not either.
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { discover } from '../src/config/discover.ts'
import { path, root } from '../test/helpers/programs.ts'
import { makeProject, type Project } from '../test/helpers/project.ts'
import type { Ending } from '../test/helpers/temp-dir.ts'

const flake = `{
  inputs.site = { url = "path:./site"; flake = false; };
  outputs = inputs: (import inputs.site).library.mkProject { inherit inputs; modules = [ ./hostenv.nix ]; };
}
`
const module = `{ pkgs, ... }:
let quick = type: { inherit type; deploymentVerification.upFor = 0; }; in
{
  environments = {
    main = quick "production";
    staging = quick "testing" // { releaseTags = "v*"; };
    dev = quick "development";
  };
  processes.web = {
    command = [ "\${pkgs.nodejs}/bin/node" "\${../server.js}" ];
    environment.GREETING = "\${../greeting.txt}";
  };
}
`

export async function benchProject(ending: Ending): Promise<Project> {
  const { hostPrograms, system } = await discover(path)
  const project = await makeProject(ending, 'hello-web')
  project.write({
    '.hostenv/flake.nix': flake,
    '.hostenv/hostenv.nix': module,
    '.hostenv/site/default.nix':
      'builtins.fromJSON (builtins.readFile ./site.json) // { library = import ./library; }\n',
    '.hostenv/site/site.json': JSON.stringify({ system, hostPrograms, packages: null }),
  })
  cpSync(join(root, 'nix'), join(project.directory, '.hostenv/site/library'), { recursive: true })
  await project.commit('A flake')
  return project
}

/** One line of the project, and nothing else, is another one. Answers the commit. */
export async function changeOneLine(project: Project, n: number): Promise<string> {
  writeFileSync(join(project.directory, 'greeting.txt'), `Greeting ${n} of ${process.pid}\n`)
  return await project.commit(`Greeting ${n}`)
}
