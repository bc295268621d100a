# The type of a person who may deploy.
{ lib }:
let
  inherit (lib) mkOption types;
in
types.submodule {
  options = {
    email = mkOption { type = types.nullOr types.str; default = null; description = "Address of the person."; };
    publicKeys = mkOption { type = types.listOf types.str; default = [ ]; description = "SSH public keys, as in authorized_keys."; };
  };
}
