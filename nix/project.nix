# One project module, evaluated: its policy, and the package of each of its environments and previews. Lazy: no package is
# evaluated that nobody asks for.
{ site, module, root ? null }:
let
  sets = import ./pkgs/select.nix { inherit site; };
  inherit (sets) lib pkgs;
  names = import ./lib/names.nix;

  evaluate = extra:
    (lib.evalModules {
      specialArgs = { inherit pkgs; };
      modules = [
        ./core
        { _file = "<the site>"; _module.args = { inherit site; }; }
        module
      ]
      ++ lib.optional (root != null) { _file = "<the project>"; hostenv.root = lib.mkDefault root; }
      ++ extra;
    }).config;

  # The policy half: which environments there are. Evaluated without the facts of any one of them.
  base = evaluate [ ];
  policy = if base.policyErrors == [ ] then base else throw (builtins.concatStringsSep "\n" base.policyErrors);
  inherit (policy) environments;

  # The content half: the same module tree again, with the facts of one environment or preview, and the `modules` of the
  # environment itself or of the one that the preview extends.
  tree = { key, extends ? null }:
    let
      of = environments.${if extends == null then key else extends};
      gitRef = if extends == null then of.hostenv.gitRef else key;
    in
    evaluate ([ { _file = "<the site>"; hostenv = lib.mkDefault (names.environmentFacts site key gitRef); } ] ++ of.modules);
in
{
  inherit lib environments tree;
  inherit (policy) defaultEnvironment previews warnings;

  # What the receiver may know of them.
  publicEnvironments = builtins.mapAttrs (_: e: {
    inherit (e) enable type virtualHosts users deploymentVerification releaseTags hostenv;
  }) environments;

  package = { key, extends ? null }@which:
    let
      config = tree which;
      failed = map (a: "- ${a.message}") (builtins.filter (a: !a.assertion) config.assertions);
    in
    if failed == [ ] then
      config.activatePackage
    else
      throw "environment `${key}': failed assertions:\n${builtins.concatStringsSep "\n" failed}";
}
