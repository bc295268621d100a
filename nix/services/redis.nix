# `services.redis`: Redis on a socket in the runtime directory, its data below the data directory.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption mkEnableOption types;
  cfg = config.services.redis;
  scalar = types.oneOf [ types.str types.int types.bool ];
  value = v: if v == true then "yes" else if v == false then "no" else toString v;
  server = {
    port = 0;
    unixsocket = cfg.socket;
    unixsocketperm = 700;
    dir = "$HOSTENV_DATA_DIR/redis";
    daemonize = false;
    logfile = "";
  };
  # Redis takes every directive as an option; a value of several words is several arguments.
  arguments = lib.concatLists (
    lib.mapAttrsToList (
      name: values: lib.concatMap (v: [ "--${name}" ] ++ (if value v == "" then [ "" ] else lib.splitString " " (value v))) (lib.toList values)
    ) (server // cfg.settings)
  );
in
{
  options.services.redis = {
    enable = mkEnableOption "Redis";
    package = mkOption { type = types.package; default = pkgs.redis; description = "The Redis to run."; };
    socket = mkOption { type = types.str; readOnly = true; default = "$HOSTENV_RUNTIME_DIR/redis.sock"; description = "Socket of the server."; };
    settings = mkOption {
      type = types.attrsOf (types.either scalar (types.listOf scalar));
      default = { };
      example = { maxmemory = "64mb"; maxmemory-policy = "allkeys-lru"; save = [ "900 1" "300 10" ]; };
      description = "Further directives of redis.conf; a list is the directive repeated.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = !(cfg.settings ? bind) && cfg.settings.port or 0 == 0 && cfg.settings.tls-port or 0 == 0;
        message = "option `services.redis.settings': an environment has no ports; the server listens on `services.redis.socket'";
      }
    ];
    processes.redis = {
      command = [ (lib.getExe' cfg.package "redis-server") ] ++ arguments;
      directories = [ "$HOSTENV_DATA_DIR/redis" ];
      listen.socket = cfg.socket;
      readiness = {
        # While it loads its data it takes connections and answers LOADING.
        command = [
          (lib.getExe' cfg.package "redis-cli")
          "-e"
          "-s"
          cfg.socket
          "ping"
        ];
        timeout = 120;
      };
      stopTimeout = 60;
    };
  };
}
