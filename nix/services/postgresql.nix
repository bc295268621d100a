# `services.postgresql`: PostgreSQL on a socket in the runtime directory, its data below the data directory.
#
# There is no network. The environment's own user may connect as the superuser `postgres` and as each of `ensureUsers`, by `peer`
# with a map, so that no password is needed and the user's name is not in the package.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption mkEnableOption types;
  database = import ./database.nix { inherit config lib; name = "postgresql"; };
  inherit (database) cfg dataDir program runtimeFile;
  socketDir = "$HOSTENV_RUNTIME_DIR";

  value = v:
    if v == true then "on" else if v == false then "off" else if builtins.isInt v then toString v
    else "'${builtins.replaceStrings [ "'" ] [ "''" ] v}'";
  server = {
    listen_addresses = "";
    unix_socket_directories = socketDir;
    hba_file = hba.path;
    ident_file = "${hba.directory}/pg_ident.conf";
    # The logger outside sets the time.
    log_line_prefix = "[%p] ";
  };
  # The settings of the data directory itself are read first: initdb found out there what suits the machine.
  conf = runtimeFile "postgresql.conf" (
    "include '${dataDir}/postgresql.conf'\n"
    + lib.concatStrings (lib.mapAttrsToList (key: v: "${key} = ${value v}\n") (server // cfg.settings))
  );
  hba = runtimeFile "pg_hba.conf" "local all all peer map=environment\n";

  word = "[a-zA-Z0-9_.-]{1,63}";
  identifier = n: "\"${n}\"";
  # For `postgres --single -j`: statements end with a semicolon and an empty line.
  sql = runtimeFile "postgresql-init.sql" (
    lib.concatMapStrings (
      user:
      "DO $$BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${user.name}') THEN CREATE ROLE ${identifier user.name} LOGIN; END IF; END$$;\n\n"
      + lib.concatStrings (
        lib.mapAttrsToList (database: what: "GRANT ${what} ON DATABASE ${identifier database} TO ${identifier user.name};\n\n") user.ensurePermissions
      )
      + lib.optionalString user.ensureDBOwnership "ALTER DATABASE ${identifier user.name} OWNER TO ${identifier user.name};\n\n"
    ) cfg.ensureUsers
  );
in
{
  options.services.postgresql = {
    enable = mkEnableOption "PostgreSQL";
    package = mkOption { type = types.package; default = pkgs.postgresql; description = "The PostgreSQL to run."; };
    socketDir = mkOption { type = types.str; readOnly = true; default = socketDir; description = "Directory of the socket, as `PGHOST` takes it."; };
    settings = mkOption {
      type = types.attrsOf (types.oneOf [ types.str types.int types.bool ]);
      default = { };
      example = { max_connections = 50; };
      description = "Further settings of postgresql.conf.";
    };
  }
  // database.ensure {
    type = types.strMatching word;
    account = "role";
    accounts = "Roles that are made where they are not there, and that the environment's processes may connect as.";
    by = "database";
    example = { app = "ALL"; };
    more.ensureDBOwnership = mkOption { type = types.bool; default = false; description = "Whether the role owns the database of its name."; };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = !(cfg.settings ? listen_addresses) || cfg.settings.listen_addresses == "";
        message = "option `services.postgresql.settings.listen_addresses': an environment has no ports; the server listens on a socket in `services.postgresql.socketDir'";
      }
    ]
    ++ map (user: {
      assertion = !user.ensureDBOwnership || builtins.elem user.name cfg.ensureDatabases;
      message = "option `services.postgresql.ensureUsers': `${user.name}' can only own a database of its name; add it to `services.postgresql.ensureDatabases'";
    }) cfg.ensureUsers;
    processes.postgresql = {
      command = [ (program "postgres") "-D" dataDir "-c" "config_file=${conf.path}" ];
      directories = [ conf.directory ];
      listen.socket = "${socketDir}/.s.PGSQL.5432";
      readiness = {
        command = [ (program "pg_isready") "--quiet" "--host=${socketDir}" "--username=postgres" "--dbname=postgres" ];
        timeout = 120;
      };
      # Connections are closed and what is not committed is undone; TERM would wait for the clients.
      stopSignal = "INT";
      stopTimeout = 120;
      preStart = ''
        PATH=${lib.makeBinPath [ cfg.package pkgs.coreutils pkgs.gnugrep pkgs.gnused ]}:$PATH
        data=${dataDir} socket=${socketDir} settings=${conf.path} statements=${sql.path} map=${hba.directory}/pg_ident.conf
        roles='${toString ([ "postgres" ] ++ map (user: user.name) cfg.ensureUsers)}' databases='${toString cfg.ensureDatabases}'
        ${conf.write}
        ${hba.write}
        ${sql.write}
        ${builtins.readFile ./postgresql.sh}
      '';
    };
  };
}
