# `services.mysql`: MariaDB on a socket in the runtime directory, its data below the data directory.
#
# There is no network. The environment's own user is the superuser (unix_socket); the accounts of `ensureUsers` have no password,
# because nobody else comes into the directory of the socket.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption mkEnableOption types;
  database = import ./database.nix { inherit config lib; name = "mysql"; };
  inherit (database) cfg dataDir program runtimeFile;

  scalar = types.oneOf [ types.str types.int types.bool ];
  section = name: values:
    "[${name}]\n"
    + lib.concatStrings (
      lib.mapAttrsToList (key: v: if v == true then "${key}\n" else if v == false then "skip-${key}\n" else "${key} = ${toString v}\n") values
    );
  server = {
    datadir = dataDir;
    socket = cfg.socket;
    pid-file = "$HOSTENV_RUNTIME_DIR/conf/mysql.pid";
    # Run by the server, as its superuser, at each start before it takes connections.
    init-file = "${conf.directory}/mysql-init.sql";
    skip-networking = true;
    skip-name-resolve = true;
    tmpdir = "$HOSTENV_CACHE_DIR/mysql";
    character-set-server = "utf8mb4";
  };
  sections = cfg.settings // { mysqld = server // cfg.settings.mysqld or { }; };
  conf = runtimeFile "my.cnf" (lib.concatStrings (lib.mapAttrsToList section sections));

  # Each statement is one line, as `init-file` wants it.
  name = n: "`${builtins.replaceStrings [ "`" ] [ "``" ] n}`";
  account = n: "'${builtins.replaceStrings [ "\\" "'" ] [ "\\\\" "''" ] n}'@'localhost'";
  sql = runtimeFile "mysql-ensure.sql" (
    lib.concatMapStrings (database: "CREATE DATABASE IF NOT EXISTS ${name database};\n") cfg.ensureDatabases
    + lib.concatMapStrings (
      user:
      "CREATE USER IF NOT EXISTS ${account user.name};\n"
      + lib.concatStrings (lib.mapAttrsToList (on: what: "GRANT ${what} ON ${on} TO ${account user.name};\n") user.ensurePermissions)
    ) cfg.ensureUsers
  );
in
{
  options.services.mysql = {
    enable = mkEnableOption "MariaDB";
    package = mkOption { type = types.package; default = pkgs.mariadb; description = "The MariaDB to run."; };
    socket = mkOption { type = types.str; readOnly = true; default = "$HOSTENV_RUNTIME_DIR/mysql.sock"; description = "Socket of the server."; };
    settings = mkOption {
      type = types.attrsOf (types.attrsOf scalar);
      default = { };
      example = { mysqld.max_allowed_packet = "256M"; };
      description = "Further settings of my.cnf by section. `true` is a name without a value.";
    };
  }
  // database.ensure {
    type = types.str;
    account = "account";
    accounts = "Accounts that are made where they are not there. They have no password: the socket's directory is the environment's alone.";
    by = "what it is granted on";
    example = { "app.*" = "ALL PRIVILEGES"; };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = !(builtins.any (key: sections.mysqld ? ${key}) [ "port" "bind-address" "bind_address" ]) && sections.mysqld.skip-networking;
        message = "option `services.mysql.settings.mysqld': an environment has no ports; the server listens on `services.mysql.socket'";
      }
    ];
    processes.mysql = {
      command = [ (program "mariadbd") "--defaults-file=${conf.path}" ];
      directories = [ conf.directory "$HOSTENV_CACHE_DIR/mysql" ];
      listen.socket = cfg.socket;
      readiness = {
        command = [ (program "mariadb") "--no-defaults" "--socket=${cfg.socket}" "--execute=SELECT 1" ];
        timeout = 120;
      };
      # A server that has much to write down is not killed.
      stopTimeout = 120;
      preStart = ''
        PATH=${lib.makeBinPath [ cfg.package pkgs.coreutils ]}:$PATH
        data=${dataDir} ensure=${sql.path} init=${server.init-file} log=${conf.directory}/mysql-install-db.log
        ${conf.write}
        ${sql.write}
        ${builtins.readFile ./mysql.sh}
      '';
    };
  };
}
