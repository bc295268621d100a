# What the receiver evaluates of a project with `.hostenv/hostenv.nix`: its tree and the operator's `site` in, the manifest and
# the selected environments' derivations out. `select` is { ref }, { key }, or { key; extends; schedules; } for a preview.
{ project, site, revision ? null, select ? { }, others ? false }:
let
  file = project + "/.hostenv/hostenv.nix";
  evaluated = import ./project.nix {
    inherit site;
    sets = import ./pkgs/select.nix { inherit site; };
    root = project;
    modules = [ (if builtins.pathExists file then file else throw "the project has no .hostenv/hostenv.nix") ];
    revision = if revision == null then null else import ./lib/noted.nix revision;
  };
  inherit (evaluated) lib environments;
  answer = import ./lib/answer.nix {
    inherit environments select others;
    package = which: { inherit (evaluated.package which) drvPath outPath; warnings = evaluated.warnings which; };
  };
in
{
  manifestVersion = 1;
  environments = evaluated.publicEnvironments;
  inherit (evaluated) defaultEnvironment previews;
  warnings = lib.unique (
    if answer.selected == [ ] then evaluated.warnings null else builtins.concatMap evaluated.warnings answer.selected
  );
  selected = answer.packages;
}
// answer.more
