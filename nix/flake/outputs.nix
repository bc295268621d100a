# The outputs of a project's flake that is made with this library: `outputs = { site, … }: hostenv.lib.flake { … }`.
# `site` is the operator's record (organisation, project, domain, …; see docs/reference/flake.md), `module` the project's.
{ site, module }:
let
  project = import ../project.nix { inherit site module; };
  inherit (project) environments previews;
  patterns = import ../lib/patterns.nix;
  enabled = builtins.filter (key: environments.${key}.enable) (builtins.attrNames environments);
  activatePackageFor = key:
    let pattern = patterns.nearest previews key; in
    if environments ? ${key} then
      project.package { inherit key; }
    else if pattern != null then
      project.package { inherit key; inherit (previews.${pattern}) extends schedules; }
    else
      throw "${builtins.toJSON key} is neither an environment nor a preview";
in
{
  lib.hostenv.${site.system} = {
    manifestVersion = 1;
    environments = project.publicEnvironments;
    inherit (project) defaultEnvironment warnings;
    inherit previews activatePackageFor;
  };
  packages.${site.system} = project.lib.genAttrs enabled activatePackageFor;
}
