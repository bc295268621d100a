# What the receiver evaluates of a project with `.hostenv/hostenv.nix`: its tree and the operator's `site` in, the manifest and
# the selected environments' derivations out. `select` is { ref }, { key }, or { key; extends; schedules; } for a preview.
{ project, site, revision ? null, select ? { } }:
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
  selected = import ./lib/selection.nix { inherit environments select; };
in
{
  manifestVersion = 1;
  environments = evaluated.publicEnvironments;
  inherit (evaluated) defaultEnvironment previews;
  warnings = lib.unique (
    if selected == [ ] then evaluated.warnings null else builtins.concatMap evaluated.warnings selected
  );
  # Not `outPath`: builtins.toJSON makes a set that has one into just that string.
  selected = builtins.listToAttrs (
    map (which: {
      name = which.key;
      value = let p = evaluated.package which; in { inherit (p) drvPath; out = p.outPath; };
    }) selected
  );
}
