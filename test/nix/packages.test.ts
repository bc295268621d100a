// The host's tools as packages, and the trivial builders: built for real in Nix's sandbox, with nixpkgs' signatures.
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { privateStore, repository, site } from './private-store.ts'

const store = privateStore(t)
const host = `(import ${join(repository, 'nix')}).hostPkgs { site = { system = "${site.system}"; hostPrograms.node = "${process.execPath}"; }; }`

async function built(expression: string): Promise<string> {
  const ran = await store.nix(`with ${host}; let d = ${expression}; in { inherit (d) drvPath; out = d.outPath; }`)
  if (ran.code !== 0) throw new Error(ran.stderr)
  const { drvPath, out } = JSON.parse(ran.stdout)
  const build = await store.build(drvPath)
  if (build.code !== 0) throw new Error(build.stderr)
  return out
}
const real = async (expression: string) => store.real(await built(expression))
const text = (...path: string[]) => readFileSync(join(...path), 'utf8')

t.test('runCommand has its inputs on PATH, its variables, and bash', async (t) => {
  const out =
    await real(`runCommand "x" { greeting = "hi"; nativeBuildInputs = [ (writeShellScriptBin "say" "echo said $1") ]; } ''
    say "$greeting" > $out
    list=(a b); echo "''\${#list[@]} $name" >> $out
  ''`)
  t.equal(text(out), 'said hi\n2 x\n')
})

t.test('writers', async (t) => {
  t.equal(text(await real('writeText "x" "a\\nb$c"')), 'a\nb$c')
  t.equal(text(await real('writeTextDir "etc/x" "a"'), 'etc/x'), 'a')
  const file = await real('writeTextFile { name = "x"; text = "a"; destination = "/bin/x"; executable = true; }')
  t.equal(text(file, 'bin/x'), 'a')
  t.equal(text(await real(`runCommand "r" {} "\${writeShellScript "s" "[[ a == [a-c] ]] && echo 2"} > $out"`)), '2\n')
  t.equal(text(await real(`runCommand "r" {} "\${lib.getExe (writeShellScriptBin "s" "echo ran")} > $out"`)), 'ran\n')
})

t.test('buildEnv and symlinkJoin put trees together; only the latter lets the first of two win', async (t) => {
  const paths = '[ (writeTextDir "bin/a" "1") (writeTextDir "share/b" "2") ]'
  const both = '[ (writeTextDir "bin/a" "1") (writeTextDir "bin/a" "2") ]'
  const env = await built(`buildEnv { name = "e"; paths = ${paths}; pathsToLink = [ "/bin" ]; }`)
  t.match(readlinkSync(join(store.real(env), 'bin/a')), /^\/nix\/store\/.*\/bin\/a$/)
  t.notOk(existsSync(join(store.real(env), 'share')))
  const joined = await built(`symlinkJoin { name = "j"; paths = ${both}; postBuild = "echo x > $out/post"; }`)
  t.equal(text(store.real(readlinkSync(join(store.real(joined), 'bin/a')))), '1')
  t.equal(text(store.real(joined), 'post'), 'x\n')
  await t.rejects(built(`buildEnv { name = "e"; paths = ${both}; }`), /both have \/.*bin\/a/)
})

t.test('mkDerivation runs the phases that are given', async (t) => {
  const out = await real(`stdenv.mkDerivation {
    pname = "p"; version = "1"; src = writeTextDir "in" "x";
    buildPhase = "tr x y < in > built"; installPhase = "mkdir $out; cp built $out/";
  }`)
  t.match(out, /-p-1$/)
  t.equal(text(out, 'built'), 'y')
})

t.test('host programs are packages of links', async (t) => {
  t.equal(readlinkSync(join(await real('nodejs'), 'bin/node')), process.execPath)
  t.equal(readlinkSync(join(await real('node'), 'bin/node')), process.execPath, 'by the name of the program too')
  const coreutils = await real('coreutils')
  for (const name of ['cat', 'mv', '[', 'sleep'])
    t.equal(readlinkSync(join(coreutils, 'bin', name)), `/usr/bin/${name}`)
  for (const name of ['s6-svc', 's6-log', 's6-svdt-clear'])
    t.equal(readlinkSync(join(await real('s6'), 'bin', name)), `/usr/bin/${name}`)
  await t.rejects(built('mariadb'), /pkgs\.mariadb: this host has no program `mariadbd'/)
})
