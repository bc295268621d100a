# The type of a person who may use an environment.
{ lib }:
let
  inherit (lib) mkOption types;
in
types.submodule {
  options = {
    email = mkOption { type = types.nullOr types.str; default = null; example = "alice@example.org"; description = "Address of the person."; };
    publicKeys = mkOption { type = types.listOf types.singleLineStr; default = [ ]; example = [ "ssh-ed25519 AAAA… alice@laptop" ]; description = "SSH public keys, as in authorized_keys(5)."; };
    role = mkOption {
      type = types.enum [ "viewer" "deployer" "maintainer" ];
      default = "deployer";
      description = "A viewer reads; a deployer also deploys; a maintainer also deploys to what is `protected` and changes who may do what.";
    };
  };
}
