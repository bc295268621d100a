# `previews`: which branches get an environment without being declared, and which one they are made like.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  user = import ./user.nix { inherit lib; };
  preview = types.submodule {
    options = {
      enable = mkOption { type = types.bool; default = true; description = "Whether branches that match become previews."; };
      type = mkOption {
        type = types.enum [ "testing" "development" ];
        default = "development";
        description = "What the previews are for; never `production`.";
      };
      extends = mkOption {
        type = types.nullOr types.str;
        default = config.defaultEnvironment;
        description = "Environment whose processes and services a preview has. Nothing else is inherited: no host names, no users.";
      };
      users = mkOption {
        type = types.attrsOf user;
        default = { };
        description = "Who may push such branches beside the users of the environment that they extend.";
      };
      ttl = mkOption {
        type = types.nullOr (types.strMatching "[1-9][0-9]{0,3}[mhdw]");
        default = "14d";
        description = "How long a preview lives after its last deployment (`m`, `h`, `d`, `w`); then it is paused, and later removed. Null: for ever.";
      };
      max = mkOption {
        type = types.nullOr types.ints.positive;
        default = null;
        description = "How many previews of this pattern there may be at once, running or paused.";
      };
      evict = mkOption {
        type = types.nullOr (types.enum [ "oldest" ]);
        default = null;
        description = "What makes room for one more than `max`: `oldest` removes the preview that was deployed longest ago. Null: the new one is refused.";
      };
      data = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Reserved: the environment whose data a new preview starts with. So far every preview starts with none.";
      };
      schedules = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "reports" ];
        description = "Names of processes with a `schedule` that previews run as well; all others are left out of them.";
      };
    };
  };
  patterns = builtins.attrNames config.previews;
  isPattern = text: builtins.stringLength text <= 200 && builtins.match "[^][:cntrl:][:space:]~^:?\\[]+" text != null;
  strange = builtins.filter (pattern: !(isPattern pattern)) patterns;
  homeless = builtins.filter (
    pattern: let of = config.previews.${pattern}.extends; in of == null || !(config.environments ? ${of})
  ) patterns;
in
{
  options.previews = mkOption {
    type = types.attrsOf preview;
    default = { };
    example = { "feature/*".extends = "main"; };
    description = "Previews by pattern of the branch, where `*` stands for any characters; the nearest pattern holds.";
  };
  config.policyErrors =
    lib.optional (strange != [ ]) "option `previews': ${lib.concatMapStringsSep ", " builtins.toJSON strange} cannot match the name of a branch"
    ++ map (
      pattern: "option `previews.${builtins.toJSON pattern}.extends': there is no environment `${toString config.previews.${pattern}.extends}'"
    ) homeless;
}
