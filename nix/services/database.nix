# What the services of databases have in common: where their data are, what they run, and the options for what is made where it
# is not there.
{ config, lib, name }:
let
  inherit (lib) mkOption types;
  cfg = config.services.${name};
in
{
  inherit cfg;
  dataDir = "$HOSTENV_DATA_DIR/${name}";
  program = lib.getExe' cfg.package;
  runtimeFile = import ./runtime-file.nix { inherit lib; };

  # `type`: of a name; `account`: what one is called here; `by`: what rights are given on, with an `example`; `more`: further
  # options of an account.
  ensure = { type, account, accounts, by, example, more ? { } }: {
    ensureDatabases = mkOption {
      type = types.listOf type;
      default = [ ];
      example = [ "app" ];
      description = "Databases that are made where they are not there. None is ever removed.";
    };
    ensureUsers = mkOption {
      type = types.listOf (types.submodule {
        options = more // {
          name = mkOption { inherit type; description = "Name of the ${account}."; };
          ensurePermissions = mkOption {
            type = types.attrsOf types.str;
            default = { };
            inherit example;
            description = "What is granted, by ${by}.";
          };
        };
      });
      default = [ ];
      description = accounts;
    };
  };
}
