# `services.restic`: backups by the calendar, into a repository elsewhere.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.restic;
  timer = import ./timer.nix { inherit lib; };
  secret = name: "$HOSTENV_SECRETS_DIR/${name}";
  lines = description: mkOption { type = types.lines; default = ""; inherit description; };
  words = default: example: description: mkOption { type = types.listOf types.str; inherit default example description; };

  backup = types.submodule {
    options = {
      package = mkOption { type = types.package; default = pkgs.restic; description = "The restic to run."; };
      paths = words [ ] [ "$HOSTENV_DATA_DIR/uploads" ] "What is backed up.";
      exclude = words [ ] [ "*.tmp" ] "Patterns of what is left out.";
      tags = words [ ] [ "nightly" ] "Tags of the snapshots.";
      repository = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "s3:https://s3.example.org/backups";
        description = "Where to. Null: `repositoryFile` says so.";
      };
      repositoryFile = mkOption { type = types.str; default = secret "RESTIC_REPOSITORY"; description = "File with the place of the repository; by default a secret."; };
      passwordFile = mkOption { type = types.str; default = secret "RESTIC_PASSWORD"; description = "File with the repository's password; by default a secret."; };
      environmentFile = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "$HOSTENV_SECRETS_DIR/RESTIC_ENVIRONMENT";
        description = "File of NAME=VALUE lines, such as the keys of an object store.";
      };
      timerConfig = mkOption {
        type = types.nullOr timer.type;
        default = { OnCalendar = "daily"; };
        example = { OnCalendar = "*-*-* 03:30:00"; };
        description = "When to run, as in systemd.timer(5), of which only `OnCalendar` is understood; null for never.";
      };
      initialize = mkOption { type = types.bool; default = true; description = "Whether the repository is made where it is not there."; };
      pruneOpts = words [ ] [ "--keep-daily 7" "--keep-weekly 5" ] "What to keep; with it, `restic forget --prune` follows each backup.";
      extraBackupArgs = words [ ] [ "--exclude-caches" ] "Further arguments of `restic backup`.";
      extraOptions = words [ ] [ "s3.storage-class=STANDARD_IA" ] "Options of the repository's kind (`restic -o`).";
      backupPrepareCommand = lines "Lines of shell run before a backup; when one fails there is no backup.";
      backupCleanupCommand = lines "Lines of shell run after it, whether it succeeded or not.";
      after = words [ ] [ "mysql" ] "Processes that must be ready first.";
    };
  };

  script = name: b:
    let
      restic = lib.escapeShellArgs ([ (lib.getExe' b.package "restic") ] ++ lib.concatMap (o: [ "-o" o ]) b.extraOptions);
      shell = import ../renderers/shell.nix { inherit lib; };
    in
    pkgs.writeShellScript "restic-backups-${name}" ''
      set -eu
      ${lib.optionalString (b.environmentFile != null) "set -a\n. ${shell.word b.environmentFile}\nset +a"}
      clean_up() {
        :
        ${b.backupCleanupCommand}
      }
      trap clean_up EXIT
      ${b.backupPrepareCommand}
      ${lib.optionalString b.initialize "${restic} cat config > /dev/null 2>&1 || ${restic} init"}
      ${lib.optionalString (b.paths != [ ]) (
        "${restic} backup --host \"$HOSTENV_HOSTNAME\" "
        + shell.words (
          lib.concatMap (t: [ "--tag" t ]) b.tags ++ lib.concatMap (e: [ "--exclude" e ]) b.exclude ++ b.extraBackupArgs ++ [ "--" ] ++ b.paths
        )
      )}
      ${lib.optionalString (b.pruneOpts != [ ]) "${restic} forget --prune --host \"$HOSTENV_HOSTNAME\" ${toString b.pruneOpts}"}
    '';

  files = b: [ b.passwordFile ] ++ lib.optional (b.repository == null) b.repositoryFile ++ lib.optional (b.environmentFile != null) b.environmentFile;
  scheduled = lib.filterAttrs (_: b: b.timerConfig != null) cfg.backups;
in
{
  options.services.restic.backups = mkOption {
    type = types.attrsOf backup;
    default = { };
    description = "Backups by name. Each is a process `restic-backups-<name>`.";
  };
  config = {
    assertions = lib.mapAttrsToList (name: b: timer.assertion "services.restic.backups.${name}.timerConfig" b.timerConfig) scheduled;
    warnings = lib.concatLists (lib.mapAttrsToList (name: b: timer.warnings "services.restic.backups.${name}.timerConfig" b.timerConfig) scheduled);
    processes = lib.mapAttrs' (
      name: b:
      lib.nameValuePair "restic-backups-${name}" {
        command = [ "${script name b}" ];
        environment =
          { RESTIC_PASSWORD_FILE = b.passwordFile; RESTIC_CACHE_DIR = "$HOSTENV_CACHE_DIR/restic"; }
          // (if b.repository == null then { RESTIC_REPOSITORY_FILE = b.repositoryFile; } else { RESTIC_REPOSITORY = b.repository; });
        directories = [ "$HOSTENV_CACHE_DIR/restic" ];
        secrets = map (lib.removePrefix (secret "")) (builtins.filter (lib.hasPrefix (secret "")) (files b));
        schedule = timer.schedule b.timerConfig;
        restart = "never";
        inherit (b) after;
      }
    ) scheduled;
  };
}
