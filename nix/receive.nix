# What the receiver evaluates: a project's tree and the operator's `site` in, the manifest and the selected environments'
# derivations out. Everything is lazy: the package of an environment that is not selected is never evaluated.
{ project, site, revision ? null, select ? { } }:
let
  sets = import ./pkgs/select.nix { inherit site; };
  inherit (sets) lib pkgs;
  names = import ./lib/names.nix;
  file = project + "/.hostenv/hostenv.nix";

  evaluate = extra:
    (lib.evalModules {
      specialArgs = { inherit pkgs; };
      modules = [
        ./core
        { _file = "<the site>"; _module.args = { inherit site; }; }
        (if builtins.pathExists file then file else throw "the project has no .hostenv/hostenv.nix")
      ] ++ extra;
    }).config;

  # The policy half: which environments there are. Evaluated without the facts of any one of them.
  base = evaluate [ ];
  policy = if base.policyErrors == [ ] then base else throw (builtins.concatStringsSep "\n" base.policyErrors);
  environments = policy.environments;

  # The content half: the same module tree again, with the facts and the `modules` of one environment.
  tree = key:
    evaluate (
      [ { _file = "<the site>"; hostenv = lib.mkDefault (names.environmentFacts site key environments.${key}.hostenv.gitRef); } ]
      ++ environments.${key}.modules
    );
  package = key:
    let
      config = tree key;
      failed = map (a: "- ${a.message}") (builtins.filter (a: !a.assertion) config.assertions);
    in
    if failed == [ ] then
      config.activatePackage
    else
      throw "environment `${key}': failed assertions:\n${builtins.concatStringsSep "\n" failed}";

  enabled = builtins.filter (key: environments.${key}.enable) (builtins.attrNames environments);
  byRef = builtins.filter (key: environments.${key}.hostenv.gitRef == select.ref) enabled;
  selectedKeys =
    if select ? key then
      # The policy in force decides whether it is enabled, not this commit.
      builtins.filter (key: key == select.key) (builtins.attrNames environments)
    else if !(select ? ref) then
      [ ]
    else if byRef != [ ] then
      byRef
    else
      builtins.filter (key: key == select.ref) enabled;
in
{
  manifestVersion = 1;
  environments = builtins.mapAttrs (_: e: {
    inherit (e) enable type virtualHosts users deploymentVerification releaseTags hostenv;
  }) environments;
  inherit (policy) defaultEnvironment;
  warnings = lib.unique (
    if selectedKeys == [ ] then policy.warnings else builtins.concatMap (key: (tree key).warnings) selectedKeys
  );
  # Not `outPath`: builtins.toJSON makes a set that has one into just that string.
  selected = lib.genAttrs selectedKeys (key: let p = package key; in { inherit (p) drvPath; out = p.outPath; });
}
