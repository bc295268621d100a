# What the receiver evaluates of a project with `.hostenv/flake.nix`: the same answer as ./receive.nix, made from the outputs
# `lib.hostenv.<system>.{environments,defaultEnvironment}` and `packages.<system>."<key>"` alone; `previews`,
# `activatePackageFor` where there are any.
{ project, site, siteTree, revision, lock, fetched, select ? { }, others ? false }:
let
  inherit (site) system;
  names = import ./lib/names.nix;
  patterns = import ./lib/patterns.nix;
  flake = import ./flake/call.nix {
    inherit project revision lock fetched;
    # The record itself, and a folder that says the same to `import`.
    site = import siteTree // { outPath = siteTree; };
  };
  outputs = flake.lib.hostenv.${system} or (throw "the flake has no output lib.hostenv.${system}.environments");
  packages = flake.packages.${system} or { };
  ours = outputs ? manifestVersion;
  onlyKnown = builtins.intersectAttrs {
    enable = null; type = null; virtualHosts = null; users = null; deploymentVerification = null; releaseTags = null;
    requires = null; protected = null;
  };
  notNull = set: removeAttrs set (builtins.filter (name: set.${name} == null) (builtins.attrNames set));

  # A flake that is not made with this library knows neither the receiver's directories nor its domain: where it says nothing
  # of a name, or the host name is below .invalid (RFC 2606), the name is what follows from the repository.
  facts = key: said:
    let
      derived = names.environmentFacts site key (said.gitRef or key);
      stated = builtins.intersectAttrs derived said;
      unsaid = [ "safeEnvironmentName" "runtimeDir" "upstreamRuntimeDir" "dataDir" "stateDir" "cacheDir" ]
        ++ (if builtins.match ".*\\.invalid" (said.hostname or "") != null then [ "hostname" ] else [ ]);
    in
    derived // (if ours then stated else removeAttrs stated unsaid);
  environments = builtins.mapAttrs (
    key: e: { type = "development"; } // onlyKnown (notNull e) // { hostenv = facts key (notNull (e.hostenv or { })); }
  ) (outputs.environments or (throw "the flake has no output lib.hostenv.${system}.environments"));

  answer = import ./lib/answer.nix {
    inherit environments select others;
    package = which: let p = package which; in { inherit (p) drvPath outPath; warnings = p.hostenv.warnings or [ ]; };
  };
  package = { key, extends ? null, schedules ? [ ] }:
    # A commit from before the pattern does not know such a branch; it still has the environment that is extended.
    if extends != null && outputs ? activatePackageFor && patterns.nearest (outputs.previews or { }) key != null then
      outputs.activatePackageFor key
    else
      let of = if extends == null then key else extends; in
      packages.${of} or (throw "the flake has no output packages.${system}.${builtins.toJSON of}");
in
{
  manifestVersion = outputs.manifestVersion or 1;
  inherit environments;
  defaultEnvironment = outputs.defaultEnvironment or null;
  previews = outputs.previews or { };
  # With the packages, because a flake has no output for them.
  warnings = builtins.concatMap (which: (package which).hostenv.warnings or [ ]) answer.selected;
  selected = answer.packages;
}
// answer.more
