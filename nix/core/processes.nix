# `processes`: neutral records of what runs; a renderer turns them into definitions for a process manager.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  process = types.submodule {
    options = {
      command = mkOption {
        type = types.nonEmptyListOf types.str;
        example = [ "/nix/store/…/bin/node" "server.js" ];
        description = "Program and arguments. `$HOSTENV_…`, `$XDG_…` and `$HOME` are replaced by their values; nothing else is.";
      };
      environment = mkOption {
        type = types.attrsOf types.str;
        default = { };
        example = { SOCKET = "$HOSTENV_UPSTREAM_DIR/in.sock"; };
        description = "Further variables; values are treated like the command's arguments.";
      };
      workingDirectory = mkOption {
        type = types.str;
        default = "$HOSTENV_DATA_DIR";
        description = "Directory that the process starts in.";
      };
      restart = mkOption {
        type = types.enum [ "always" "on-failure" "never" ];
        default = "always";
        description = "When the process is started again after it has ended: never more than once a second.";
      };
      restartOnRelease = mkOption {
        type = types.bool;
        default = false;
        description = "Restart at every release, changed or not; the process then has HOSTENV_RELEASE and HOSTENV_REVISION.";
      };
    };
  };
  names = builtins.attrNames config.processes;
  wrong = pattern: builtins.filter (name: builtins.match pattern name == null);
in
{
  options.processes = mkOption {
    type = types.attrsOf process;
    default = { };
    description = "The processes of every environment; `environments.<key>.modules` adds to one.";
  };
  config.assertions =
    map (name: {
      assertion = false;
      message = "option `processes': ${builtins.toJSON name} is no name for a process; use up to 63 letters, digits, `-' and `_'";
    }) (wrong "[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}" names)
    ++ builtins.concatMap (
      name:
      map (variable: {
        assertion = false;
        message = "option `processes.${name}.environment': ${builtins.toJSON variable} is no name for a variable";
      }) (wrong "[a-zA-Z_][a-zA-Z0-9_]*" (builtins.attrNames config.processes.${name}.environment))
    ) names;
}
