# What a module may refuse (assertions) and what it may only mention (warnings).
{ lib, ... }:
{
  options = {
    assertions = lib.mkOption {
      type = lib.types.listOf (lib.types.submodule {
        options = {
          assertion = lib.mkOption { type = lib.types.bool; description = "What must hold."; };
          message = lib.mkOption { type = lib.types.str; description = "What to say where it does not."; };
        };
      });
      default = [ ];
      example = [ { assertion = false; message = "processes.web needs a database"; } ];
      description = "Conditions checked before an environment is built; all that fail are told at once.";
    };
    warnings = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      description = "Sentences shown to whoever pushes; they stop nothing.";
    };
  };
}
