# The outputs of a project's flake: those that the receiver reads (docs/reference/flake.md), and no others.
#
# `inputs` are the flake's own. `site`, where there is one, is the operator's record: whatever pushes the project gives it.
# `nixpkgs`, where there is one and the operator provides none, gives `lib` and `pkgs`. Without either they are the library's.
{
  inputs,
  modules,
  # For looking at a project without a receiver; with one, the names are those of the repository that is pushed to.
  organisation ? "local",
  project ? "project",
  systems ? [ "x86_64-linux" "aarch64-linux" ],
}:
let
  patterns = import ../lib/patterns.nix;
  # Nobody says what the host has: its programs are taken to be where they mostly are, so that a project can be looked at.
  anyHost = builtins.listToAttrs (
    builtins.concatMap (map (name: { inherit name; value = "/usr/bin/${name}"; })) (builtins.attrValues (import ../pkgs/known.nix))
  );
  given = if inputs ? site then import inputs.site else { };
  known = if given ? system then [ given.system ] else systems;
  each = f: builtins.listToAttrs (map (name: { inherit name; value = f name; }) known);

  evaluated = each (
    system:
    let
      alone = {
        inherit system organisation project;
        domain = "localhost";
        runtimeRoot = "/run/hostenv";
        stateRoot = "/var/lib/hostenv";
        hostPrograms = anyHost;
        packages = null;
        manager = "s6";
      };
      site = alone // builtins.intersectAttrs alone given;
    in
    import ../project.nix {
      inherit site modules;
      sets =
        if site.packages == null && inputs ? nixpkgs then
          { inherit (inputs.nixpkgs) lib; pkgs = inputs.nixpkgs.legacyPackages.${system}; }
        else
          import ../pkgs/select.nix { inherit site; };
      root = inputs.self.sourceInfo.outPath or inputs.self.outPath or null;
      revision = inputs.self.rev or null;
    }
  );

  # A package says besides what its modules want to be known: it is nobody's output, so it travels with the package.
  packageOf = of: which: of.package which // { hostenv.warnings = of.warnings which; };
  activatePackageFor = of: key:
    let pattern = patterns.nearest of.previews key; in
    if of.environments ? ${key} then
      packageOf of { inherit key; }
    else if pattern != null then
      packageOf of { inherit key; inherit (of.previews.${pattern}) extends schedules; }
    else
      throw "${builtins.toJSON key} is neither an environment nor a preview";
  enabled = of: builtins.filter (key: of.environments.${key}.enable) (builtins.attrNames of.environments);
in
{
  lib.hostenv = builtins.mapAttrs (_: of: {
    manifestVersion = 1;
    environments = of.publicEnvironments;
    inherit (of) defaultEnvironment previews;
    activatePackageFor = activatePackageFor of;
  }) evaluated;

  packages = builtins.mapAttrs (
    _: of:
    let packages = of.lib.genAttrs (enabled of) (activatePackageFor of); in
    # An environment may be called `default`.
    (if packages ? ${toString of.defaultEnvironment} then { default = packages.${of.defaultEnvironment}; } else { }) // packages
  ) evaluated;
}
