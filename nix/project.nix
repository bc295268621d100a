# One project, evaluated: its policy, and the package of each of its environments and previews. Lazy: no package is evaluated
# that nobody asks for. `sets` is { lib, pkgs }, `root` the project's tree.
{ site, sets, modules, root ? null, revision ? null }:
let
  inherit (sets) lib pkgs;
  names = import ./lib/names.nix;
  messages = import ./core/told.nix { inherit lib root; };

  # `preview` is null, or what a preview has of the environment that it extends beside its processes: { schedules; }.
  evaluate = preview: extra:
    lib.evalModules {
      specialArgs = { inherit pkgs; };
      modules = [
        ./core
        { _file = "<the site>"; _module.args = { inherit site revision preview; }; }
      ]
      ++ modules
      ++ lib.optional (root != null) { _file = "<the project>"; hostenv.root = lib.mkDefault root; }
      ++ extra;
    };

  # The policy half: which environments there are. Evaluated without the facts of any one of them.
  base = evaluate null [ ];
  policy =
    if base.config.policyErrors == [ ] then
      base.config
    else
      throw (messages.list "the project" (map (messages.located base.options) base.config.policyErrors));
  inherit (policy) environments;

  # The content half: the same module tree again, with the facts of one environment or preview, and the `modules` of the
  # environment itself or of the one that the preview extends.
  tree = { key, extends ? null, schedules ? [ ] }:
    let
      of = environments.${if extends == null then key else extends};
      gitRef = if extends == null then of.hostenv.gitRef else key;
      preview = if extends == null then null else { inherit schedules; };
    in
    evaluate preview ([ { _file = "<the site>"; hostenv = lib.mkDefault (names.environmentFacts site key gitRef); } ] ++ of.modules);
in
{
  inherit lib environments;
  inherit (policy) defaultEnvironment previews;
  # Of one environment or preview, or (null) of the project as a whole.
  warnings = which: messages.warnings (if which == null then base else tree which);

  # What the receiver may know of them.
  publicEnvironments = builtins.mapAttrs (
    key: e:
    messages.serialisable "environments.${builtins.toJSON key}" {
      inherit (e) enable type virtualHosts users releaseTags requires protected hostenv;
      deploymentVerification = removeAttrs e.deploymentVerification [ "checks" ];
    }
  ) environments;

  package = { key, ... }@which:
    let
      evaluated = tree which;
      failed = messages.failed evaluated;
    in
    if failed == [ ] then
      evaluated.config.activatePackage
    else
      throw (messages.list "environment `${key}'" failed);
}
