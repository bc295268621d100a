# The record of one process: what services and projects write, and renderers read. Nothing in it speaks of a process manager.
# `$HOSTENV_…`, `$XDG_…` and `$HOME` in texts are replaced by their values when the process starts; nothing else is.
{ lib }:
let
  inherit (lib) mkOption types;
  ownDirectory = "[$](HOSTENV_[A-Z]+_DIR|[{]HOSTENV_[A-Z]+_DIR[}])/[^[:cntrl:]]+";
  seconds = types.ints.between 1 86400;
  signal = types.enum [ "HUP" "INT" "QUIT" "TERM" "USR1" "USR2" "WINCH" ];

  listen = types.submodule ({ config, ... }: {
    config.socket = lib.mkIf (config.port != null) (lib.mkDefault "$HOSTENV_UPSTREAM_DIR/in.sock");
    options = {
      socket = mkOption {
        type = types.nullOr (types.strMatching ownDirectory);
        default = null;
        example = "$HOSTENV_UPSTREAM_DIR/in.sock";
        description = ''
          Unix socket that the process listens on, below `$HOSTENV_UPSTREAM_DIR` or `$HOSTENV_RUNTIME_DIR`. What an earlier start
          left behind in its place is removed before the process starts, and the process counts as ready once the socket takes
          connections, unless `readiness` says otherwise. With `port`, the socket is the relay's (then by default
          `$HOSTENV_UPSTREAM_DIR/in.sock`).
        '';
      };
      port = mkOption {
        type = types.nullOr (types.ints.between 1 65535);
        default = null;
        example = 3000;
        description = ''
          For a process that can only speak TCP: the port that it listens on at 127.0.0.1. The process gets a network namespace of
          its own, where nothing but this loopback is, and a relay from `socket` to the port once somebody listens there. In
          such a namespace nothing outside is reached either, except through Unix sockets.
        '';
      };
      activation = mkOption {
        type = types.bool;
        default = false;
        description = ''
          Whether the process gets `socket`, bound and listening, as descriptor 3 (sd_listen_fds(3)) instead of making it. Under
          systemd the socket is there before the process and between its runs: no connection is refused while it restarts.
        '';
      };
    };
  });

  readiness = types.submodule {
    options = {
      socket = mkOption {
        type = types.nullOr (types.strMatching ownDirectory);
        default = null;
        example = "$HOSTENV_RUNTIME_DIR/redis.sock";
        description = "Unix socket that must take a connection. Null: `listen.socket`, where no other check is given.";
      };
      http = mkOption {
        type = types.nullOr (types.submodule {
          options = {
            socket = mkOption {
              type = types.nullOr (types.strMatching ownDirectory);
              default = null;
              description = "Unix socket to ask at. Null: `listen.socket`.";
            };
            path = mkOption {
              type = types.strMatching "/[!-~]*";
              default = "/";
              example = "/healthz";
              description = "Path that must answer with a status below 500.";
            };
          };
        });
        default = null;
        example = { path = "/healthz"; };
        description = "An HTTP request that must be answered.";
      };
      command = mkOption {
        type = types.nullOr (types.nonEmptyListOf types.str);
        default = null;
        example = [ "pg_isready" "-h" "$HOSTENV_RUNTIME_DIR" ];
        description = "Program and arguments that must exit 0; run in the process's directory and with its variables.";
      };
      interval = mkOption {
        type = seconds;
        default = 1;
        description = "Seconds between two checks at most; the first ones follow one another faster.";
      };
      timeout = mkOption {
        type = seconds;
        default = 30;
        description = "Seconds from the start until the process must be ready; else the deployment fails.";
      };
    };
  };

  resources = import ./resources.nix { inherit lib; };

  directory = types.submodule {
    options = {
      path = mkOption { type = types.strMatching ownDirectory; example = "$HOSTENV_DATA_DIR/uploads"; description = "The directory."; };
      mode = mkOption { type = types.strMatching "[0-7]{3,4}"; default = "0700"; description = "Its permissions (chmod(1)), set when it is made."; };
    };
  };

  reload = types.submodule {
    options = {
      signal = mkOption { type = signal; default = "HUP"; description = "Signal that makes the process read its files again."; };
      prepare = mkOption {
        type = types.lines;
        default = "";
        example = "sed \"s|@run@|$HOSTENV_RUNTIME_DIR|\" < web.conf > \"$HOSTENV_RUNTIME_DIR/web.conf\"";
        description = ''
          Lines of POSIX shell run before each start, after `preStart`, and before the signal, in the process's directory and with its
          variables: what writes files with paths that are only known at run time, or checks them. They stop at the first command
          that fails; the process then keeps what it has, and the deployment fails. Where a release changes only these
          lines, the process is sent the signal and goes on.
        '';
      };
      files = mkOption {
        type = types.attrsOf types.path;
        default = { };
        example = { "nginx.conf" = "/nix/store/…-nginx.conf"; };
        description = ''
          Files that the process finds, by these names, in `$HOSTENV_STATE_DIR/files/<process>/`. Where a release changes only
          these, the process is sent the signal and goes on.
        '';
      };
    };
  };
in
types.submodule {
  options = {
    command = mkOption {
      type = types.nonEmptyListOf types.str;
      example = [ "/nix/store/…/bin/node" "server.js" ];
      description = "Program and arguments. `$HOSTENV_…`, `$XDG_…` and `$HOME` are replaced by their values; nothing else is.";
    };
    environment = mkOption {
      type = types.attrsOf types.str;
      default = { };
      example = { SOCKET = "$HOSTENV_UPSTREAM_DIR/in.sock"; };
      description = "Further variables; values are treated like the command's arguments.";
    };
    workingDirectory = mkOption {
      type = types.str;
      default = "$HOSTENV_DATA_DIR";
      description = "Directory that the process starts in.";
    };
    directories = mkOption {
      type = types.listOf (types.either types.str directory);
      default = [ ];
      example = [ "$HOSTENV_DATA_DIR/uploads" { path = "$HOSTENV_DATA_DIR/db"; mode = "0750"; } ];
      description = "Directories, below the environment's own, that are made before the process starts where they are not there. A text is a path with mode 0700.";
    };
    preStart = mkOption {
      type = types.lines;
      default = "";
      example = "[ -e db/PG_VERSION ] || initdb -D db";
      description = ''
        Lines of POSIX shell run before each start, in the process's directory and with its variables. They stop at the first
        command that fails, and the process is then not started. They must be idempotent.
      '';
    };
    listen = mkOption {
      type = listen;
      default = { };
      description = "Where the process listens. Environments have no ports of the host's network: only sockets.";
    };
    readiness = mkOption {
      type = types.nullOr readiness;
      default = null;
      description = ''
        When the process counts as ready: a socket that takes connections, an HTTP answer, or a command that succeeds; all that
        are given must hold. A deployment waits for it, and so does whatever is `after` the process. Null: once `listen.socket`
        takes connections where that is given, else at once.
      '';
    };
    after = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "database" ];
      description = "Names of processes that must be ready before this one is started. A restart of theirs is none of this one.";
    };
    restart = mkOption {
      type = types.enum [ "always" "on-failure" "never" ];
      default = "always";
      description = "When the process is started again after it has ended: never more than once a second.";
    };
    restartOnRelease = mkOption {
      type = types.bool;
      default = false;
      description = "Restart at every release, changed or not; the process then has HOSTENV_RELEASE and HOSTENV_REVISION.";
    };
    reload = mkOption {
      type = types.nullOr reload;
      default = null;
      description = "How the process takes changed files without a restart; null: it does not.";
    };
    stopSignal = mkOption {
      type = signal;
      default = "TERM";
      description = "Signal that asks the process to end.";
    };
    stopTimeout = mkOption {
      type = types.ints.between 1 600;
      default = 5;
      description = "Seconds that the process has to end; then it and its children are killed.";
    };
    schedule = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "Mon..Fri 03:00";
      description = ''
        When to run the process, instead of keeping it up: a calendar expression of systemd.time(7), in the host's time zone unless
        it ends in ` UTC`. Understood: `minutely` `hourly` `daily` `weekly` `monthly` `quarterly` `semiannually` `yearly`; days of
        the week, lists (`,`), ranges (`..`) and steps (`/`), as in `*:0/15` or `Sat,Sun *-*-1..7 04:00:00`. Not understood: years,
        other time zones, fractions of a second, days counted from the end of a month (`~`). A run that is due while the last
        one goes on, or while the host is down, is left out.
      '';
    };
    resources = mkOption {
      type = resources;
      default = { };
      description = "Most that the process and its children may use.";
    };
    secrets = mkOption {
      type = types.listOf (types.strMatching "[A-Za-z_][A-Za-z0-9_]{0,62}");
      default = [ ];
      example = [ "DATABASE_PASSWORD" ];
      description = ''
        Names of secrets that the process needs. Each is a file of that name in `$HOSTENV_SECRETS_DIR`, there at run time only: values
        are neither in the store nor in a variable. While one is missing, the process is not started and a deployment fails; of a
        process with a `schedule`, a deployment only tells.
      '';
    };
  };
}
