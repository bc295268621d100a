// hello-web with checks that take no time, and with scripts that a test makes slow: build.sh, activate.sh, and
// `evaluation` (slow); users.json says who else may push main.
import { type Files, makeProject, type Project } from './project.ts'
import type { Ending } from './temp-dir.ts'

const module = `{ pkgs, ... }:
let
  quick = type: { inherit type; deploymentVerification = { upFor = 0; timeout = 10; }; };
  many = builtins.genList (n: n) 1000000;
  slow = builtins.foldl' (a: _: builtins.foldl' (b: _: b + 1) a many) 0 many;
  page = pkgs.runCommand "page" { } (builtins.readFile ../build.sh);
in
{
  environments = {
    main = quick (if builtins.readFile ../evaluation == "slow" then builtins.toString slow else "production") // {
      users = builtins.fromJSON (builtins.readFile ../users.json);
    };
    staging = quick "testing";
    dev = quick "development";
  };
  activate = builtins.readFile ../activate.sh;
  processes.web = {
    command = [ "\${pkgs.nodejs}/bin/node" "\${../server.js}" ];
    environment = { GREETING = "\${../greeting.txt}"; PAGE = "\${page}"; };
  };
}
`

/** A project whose deploys take as little time as they can. */
export function makeQuickProject(t: Ending, overrides: Files = {}): Promise<Project> {
  const quick = {
    '.hostenv/hostenv.nix': module,
    'build.sh': 'echo page > $out\n',
    'activate.sh': ':\n',
    evaluation: 'quick',
    'users.json': '{}\n',
  }
  return makeProject(t, 'hello-web', { ...quick, ...overrides })
}
