# The type of limits on memory, processors and tasks; null is no limit beyond the operator's.
{ lib }:
let
  inherit (lib) mkOption types;
in
types.submodule {
  options = {
    memory = mkOption {
      type = types.nullOr (types.either types.ints.positive (types.strMatching "[1-9][0-9]*[KMGT]?"));
      default = null;
      example = "512M";
      description = "Bytes, or a number with K, M, G or T (powers of 1024).";
    };
    cpu = mkOption {
      type = types.nullOr (types.either types.ints.positive (types.strMatching "[0-9]+([.][0-9]{1,2})?|[1-9][0-9]*%"));
      default = null;
      example = "0.5";
      description = "Processors, as a number (`2`, `\"0.5\"`) or in percent of one (`\"50%\"`).";
    };
    tasks = mkOption {
      type = types.nullOr types.ints.positive;
      default = null;
      example = 64;
      description = "Processes and threads at once.";
    };
  };
}
