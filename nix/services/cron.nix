# `services.cron`: jobs that run by the calendar.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.cron;
  job = types.submodule {
    options = {
      enable = mkOption { type = types.bool; default = true; description = "Whether the job runs."; };
      schedule = mkOption { type = types.str; example = "*:0/15"; description = "When it runs (`processes.<name>.schedule`)."; };
      command = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "/nix/store/…/bin/php" "cron.php" ];
        description = "Program and arguments, as in `processes.<name>.command`.";
      };
      script = mkOption { type = types.lines; default = ""; example = "find \"$HOSTENV_CACHE_DIR\" -mtime +7 -delete"; description = "Lines of shell instead; they stop at the first command that fails."; };
      environment = mkOption { type = types.attrsOf types.str; default = { }; description = "Further variables."; };
      workingDirectory = mkOption { type = types.str; default = "$HOSTENV_DATA_DIR"; description = "Directory that the job starts in."; };
      secrets = mkOption { type = types.listOf types.str; default = [ ]; description = "Secrets that the job needs (`processes.<name>.secrets`)."; };
    };
  };
  jobs = lib.filterAttrs (_: j: j.enable) cfg.jobs;
in
{
  options.services.cron.jobs = mkOption {
    type = types.attrsOf job;
    default = { };
    example = { sweep = { schedule = "daily"; script = "rm -rf \"$HOSTENV_CACHE_DIR/old\""; }; };
    description = "Jobs by name. Each is a process `cron-<name>`; what it says is in that process's log.";
  };
  config = {
    assertions = lib.mapAttrsToList (name: j: {
      assertion = (j.command == [ ]) != (j.script == "");
      message = "option `services.cron.jobs.${name}': needs a `command' or a `script', and only one";
    }) jobs;
    processes = lib.mapAttrs' (
      name: j:
      lib.nameValuePair "cron-${name}" {
        command = if j.command == [ ] then [ "${pkgs.writeShellScript "cron-${name}" "set -eu\n${j.script}"}" ] else j.command;
        inherit (j) schedule environment workingDirectory secrets;
        restart = "never";
      }
    ) jobs;
  };
}
