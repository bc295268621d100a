# `runs`: the processes that the package has. In a preview what works by the clock is left out, but for what its pattern names:
# twenty previews must not send the nightly mail of one production.
{ config, lib, preview, ... }:
{
  options.runs = lib.mkOption {
    type = lib.types.attrsOf lib.types.raw;
    internal = true;
    readOnly = true;
    description = "The processes of this environment or preview, as the renderers take them.";
  };
  config.runs =
    if preview == null then
      config.processes
    else
      lib.filterAttrs (name: p: (p.schedule or null) == null || builtins.elem name preview.schedules) config.processes;
}
