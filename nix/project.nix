# One project module, evaluated: its policy, and the package of each of its environments and previews. Lazy: no package is
# evaluated that nobody asks for.
{ site, module }:
let
  sets = import ./pkgs/select.nix { inherit site; };
  inherit (sets) lib pkgs;
  names = import ./lib/names.nix;

  # `preview` is null, or what a preview has of the environment that it extends beside its processes: { schedules; }.
  evaluate = preview: extra:
    (lib.evalModules {
      specialArgs = { inherit pkgs; };
      modules = [
        ./core
        { _file = "<the site>"; _module.args = { inherit site preview; }; }
        module
      ] ++ extra;
    }).config;

  # The policy half: which environments there are. Evaluated without the facts of any one of them.
  base = evaluate null [ ];
  policy = if base.policyErrors == [ ] then base else throw (builtins.concatStringsSep "\n" base.policyErrors);
  inherit (policy) environments;

  # The content half: the same module tree again, with the facts of one environment or preview, and the `modules` of the
  # environment itself or of the one that the preview extends.
  tree = { key, extends ? null, schedules ? [ ] }:
    let
      of = environments.${if extends == null then key else extends};
      gitRef = if extends == null then of.hostenv.gitRef else key;
    in
    evaluate (if extends == null then null else { inherit schedules; }) ([ { _file = "<the site>"; hostenv = lib.mkDefault (names.environmentFacts site key gitRef); } ] ++ of.modules);
in
{
  inherit lib environments tree;
  inherit (policy) defaultEnvironment previews warnings;

  # What the receiver may know of them.
  publicEnvironments = builtins.mapAttrs (_: e: {
    inherit (e) enable type virtualHosts users deploymentVerification releaseTags requires hostenv;
  }) environments;

  package = { key, ... }@which:
    let
      config = tree which;
      failed = map (a: "- ${a.message}") (builtins.filter (a: !a.assertion) config.assertions);
    in
    if failed == [ ] then
      config.activatePackage
    else
      throw "environment `${key}': failed assertions:\n${builtins.concatStringsSep "\n" failed}";
}
