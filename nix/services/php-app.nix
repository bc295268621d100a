# `services.php-app`: a PHP program behind nginx and PHP-FPM, with a database of its own.
{ config, lib, ... }:
let
  inherit (lib) mkOption mkEnableOption types;
  cfg = config.services.php-app;
  inherit (cfg.codebase) name;
  mysql = config.services.mysql;
  php = import ./php-site.nix;
  dump = import ./mysql-dump.nix { inherit lib; };
  dumpFile = "$HOSTENV_STATE_DIR/backup/${name}.sql";
in
{
  options.services.php-app = {
    enable = mkEnableOption "a PHP program with nginx, PHP-FPM and MariaDB";
    root = mkOption { type = types.path; default = import ./project-tree.nix config.hostenv.root; defaultText = lib.literalExpression "config.hostenv.root"; description = "Folder of the program, of the project or built. It is read-only; what it writes belongs into `$HOSTENV_DATA_DIR`."; };
    webRoot = mkOption { type = types.strMatching "|[^/].*"; default = ""; example = "public"; description = "Folder below `root` that is published; empty for all of it."; };
    codebase.name = mkOption { type = types.strMatching "[a-zA-Z0-9_-]{1,40}"; default = "app"; description = "Name of the pool and of the server."; };
    phpVersion = mkOption { type = types.str; default = ""; example = "8.3"; description = "Version of PHP; empty for that of `pkgs.php`."; };
    phpExtensions = mkOption { type = types.listOf types.str; default = lib.optionals cfg.database.enable [ "pdo_mysql" "mysqli" ]; description = "Extensions that must be there."; };
    phpOptions = mkOption { type = types.lines; default = ""; example = "memory_limit = 256M"; description = "Lines of php.ini."; };
    maxRequestSize = mkOption { type = types.str; default = "100M"; description = "Most that a request's body, and a file in it, may have."; };
    database = {
      enable = mkOption { type = types.bool; default = true; description = "Whether the program has a database."; };
      name = mkOption { type = types.str; default = "app"; description = "Name of the database."; };
      user = mkOption { type = types.str; default = "app"; description = "Account that has all rights to it, and no password."; };
    };
    environment = mkOption {
      type = types.attrsOf types.str;
      default = { };
      description = "Further variables of the program. With a database it also has DB_CONNECTION, DB_SOCKET, DB_DATABASE and DB_USERNAME.";
    };
    backups.enable = mkEnableOption "daily backups of the database and of `$HOSTENV_DATA_DIR/files` (`services.restic.backups.php-app`)";
  };
  config = lib.mkIf cfg.enable {
    services.nginx.virtualHosts.${name} = php.server {
      root = "${cfg.root}${lib.optionalString (cfg.webRoot != "") "/${cfg.webRoot}"}";
      inherit (config.services.phpfpm.pools.${name}) socket;
      inherit (cfg) maxRequestSize;
    };
    processes.nginx.after = [ "phpfpm-${name}" ];
    services.phpfpm.pools.${name} = php.pool cfg (lib.optionalString cfg.database.enable ''
      pdo_mysql.default_socket = ${mysql.socket}
      mysqli.default_socket = ${mysql.socket}
    '') // {
      phpEnv = lib.optionalAttrs cfg.database.enable {
        DB_CONNECTION = "mysql";
        DB_SOCKET = mysql.socket;
        DB_DATABASE = cfg.database.name;
        DB_USERNAME = cfg.database.user;
      } // cfg.environment;
      after = lib.optional cfg.database.enable "mysql";
    };
    services.mysql = lib.mkIf cfg.database.enable {
      enable = true;
      ensureDatabases = [ cfg.database.name ];
      ensureUsers = [ { name = cfg.database.user; ensurePermissions."`${cfg.database.name}`.*" = "ALL PRIVILEGES"; } ];
    };
    services.restic.backups = lib.mkIf cfg.backups.enable {
      php-app = {
        backupPrepareCommand = lib.optionalString cfg.database.enable (dump { inherit mysql; database = cfg.database.name; file = dumpFile; });
        paths = lib.optional cfg.database.enable dumpFile ++ [ "$HOSTENV_DATA_DIR/files" ];
        after = lib.optional cfg.database.enable "mysql";
      };
    };
    activate = "mkdir -p \"$HOSTENV_DATA_DIR/files\"";
  };
}
