# `processes`: neutral records of what runs; a renderer turns them into definitions for a process manager.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  process = import ./process.nix { inherit lib; };
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
