// `mkProject`: a project's flake has the outputs of the contract and no others, whatever inputs it has, and is fit to be checked.
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { run } from '../../src/lib/spawn.ts'
import { flakeNix } from '../helpers/flake-nix.ts'
import { cleanEnv } from '../helpers/programs.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { defaultLib } from './libs.ts'
import { fixture, privateStore, repository, site } from './private-store.ts'

const nix = join(repository, 'nix')
const { system } = site
const module = `{ pkgs, lib, config, ... }: {
  environments.main.type = "production";
  environments."feature/foo" = { };
  environments.off.enable = false;
  previews."try/*".extends = "main";
  warnings = [ "\${pkgs.marker or "own pkgs"} \${config.hostenv.hostname}" ];
  processes.web.command = [ "\${pkgs.nodejs}/bin/node" ];
}`

t.test('the outputs are those of the contract', async (t) => {
  const store = privateStore(t)
  const inputs: [string, string, string[], string][] = [
    ['neither nixpkgs nor site', '{ }', ['aarch64-linux', 'x86_64-linux'], 'own pkgs shop-main-4f7240c.localhost'],
    [
      'nixpkgs',
      `{ nixpkgs = { lib = import ${defaultLib.folder};
           legacyPackages = builtins.mapAttrs (system: _: import ${nix}/pkgs { site = { inherit system; hostPrograms.node = "/x"; }; }
             // { marker = "their pkgs"; }) { x86_64-linux = 1; aarch64-linux = 1; }; }; }`,
      ['aarch64-linux', 'x86_64-linux'],
      'their pkgs shop-main-4f7240c.localhost',
    ],
    [
      'site',
      `{ site = builtins.toFile "site.nix" (builtins.toJSON "x"); }`,
      [system],
      'own pkgs site-main-b7ea262.example.org',
    ],
  ]
  for (const [name, given, systems, warning] of inputs) {
    // A flake's input is a path; a file that says the record stands for the folder.
    const record = { ...site, project: 'site', domain: 'example.org', packages: null }
    const text = `let r = builtins.fromJSON ${JSON.stringify(JSON.stringify(record))}; in r`
    const some = given.replace('(builtins.toJSON "x")', JSON.stringify(text).replaceAll('${', '\\${'))
    const ran = await store.nix(`
      let
        flake = (import ${nix}).mkProject {
          inputs = { self = { outPath = "/nowhere"; }; } // ${some};
          modules = [ (${module}) ];
          organisation = "acme"; project = "shop";
        };
        names = builtins.attrNames;
        ours = flake.lib.hostenv.${system};
      in {
        top = names flake; lib = names flake.lib; systems = names flake.lib.hostenv; packaged = names flake.packages;
        outputs = names ours; packages = names flake.packages.${system}; inherit (ours) manifestVersion defaultEnvironment;
        environments = names ours.environments; previews = names ours.previews;
        isPackage = (ours.activatePackageFor "feature/foo").type or "" == "derivation";
        default = flake.packages.${system}.default.outPath == flake.packages.${system}.main.outPath;
        preview = (ours.activatePackageFor "try/it").outPath == (ours.activatePackageFor "main").outPath;
        undeclared = (builtins.tryEval (ours.activatePackageFor "other")).success;
        inherit (flake.packages.${system}.main.hostenv) warnings;
        json = builtins.isString (builtins.toJSON { inherit (ours) environments previews defaultEnvironment manifestVersion; });
      }`)
    t.equal(ran.code, 0, ran.code === 0 ? name : `${name}: ${ran.stderr}`)
    if (ran.code !== 0) continue
    t.strictSame(
      JSON.parse(ran.stdout),
      {
        top: ['lib', 'packages'],
        lib: ['hostenv'],
        systems,
        packaged: systems,
        outputs: ['activatePackageFor', 'defaultEnvironment', 'environments', 'manifestVersion', 'previews'],
        packages: ['default', 'feature/foo', 'main'],
        manifestVersion: 1,
        defaultEnvironment: 'main',
        environments: ['feature/foo', 'main', 'off'],
        previews: ['try/*'],
        ...{ isPackage: true, default: true, preview: true, undeclared: false, json: true },
        warnings: [warning],
      },
      name,
    )
  }
})

t.test('nix flake check finds nothing wrong, offline', async (t) => {
  const nixIn = flakeNix(t)
  const clean = async (t: Test, folder: string, ...args: string[]) => {
    const ran = await nixIn(folder, 'flake', 'check', ...args)
    t.equal(ran.code, 0, ran.code === 0 ? 'exits 0' : ran.stderr)
  }
  await t.test('of the library', (t) => clean(t, nix, `path:${nix}`))
  for (const name of ['flake-project', 'public-flake'])
    await t.test(`of ${name}`, async (t) => {
      const folder = tempDir(t, 'f')
      cpSync(fixture(name), folder, { recursive: true })
      const env = cleanEnv(folder)
      for (const args of [
        ['init', '-q'],
        ['add', '-A'],
        ['commit', '-q', '-m', 'x'],
      ])
        await run({ argv: ['git', ...args], env, cwd: folder })
      // Nix 2.8 cannot use the lock of an input that is a folder of the tree; it makes the same one anew.
      const site = ['--override-input', 'site', `path:${nix}`, '--recreate-lock-file', '--no-write-lock-file']
      await clean(t, folder, './.hostenv', ...site)
    })
  t.ok(readFileSync(join(nix, 'templates/project/.hostenv/flake.nix'), 'utf8').split('\n').length <= 16)
})
