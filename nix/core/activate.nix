# `activate` and the package that all of an environment becomes: bin/activate and share/hostenv.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
in
{
  options = {
    activate = mkOption {
      type = types.lines;
      default = "";
      example = "mkdir -p \"$HOSTENV_DATA_DIR/uploads\"";
      description = "Lines of POSIX shell that run at each activation, before the processes are switched. They must be idempotent.";
    };
    activatePackage = mkOption {
      type = types.package;
      readOnly = true;
      description = "The package of the environment; `bin/activate` puts it in force.";
    };
  };
  config.activatePackage = import ../managers/package.nix {
    inherit lib pkgs;
    inherit (config) activate resources;
    processes = config.runs;
  };
}
