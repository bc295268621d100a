# `services.nginx`: one web server for the environment, on the socket that the front door asks at.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption mkEnableOption types;
  cfg = config.services.nginx;
  runtimeFile = import ./runtime-file.nix { inherit lib; };
  text = import ./nginx-text.nix { inherit lib; };
  conf = runtimeFile "nginx.conf" (text.main cfg);
  temporary = "$HOSTENV_CACHE_DIR/nginx";
in
{
  options.services.nginx = {
    enable = mkEnableOption "nginx" // { default = cfg.virtualHosts != { }; };
    package = mkOption { type = types.package; default = pkgs.nginx; description = "The nginx to run."; };
    virtualHosts = mkOption {
      type = types.attrsOf (import ./nginx-host.nix { inherit lib; });
      default = { };
      example = { app.locations."/".proxyPass = "http://unix:$HOSTENV_RUNTIME_DIR/app.sock"; };
      description = "The servers. All listen on `$HOSTENV_UPSTREAM_DIR/in.sock`; which host names arrive there is said in `environments`.";
    };
    clientMaxBodySize = mkOption { type = types.str; default = "100m"; description = "Most that a request's body may have."; };
    serverTokens = mkOption { type = types.bool; default = false; description = "Whether answers tell nginx's version."; };
    accessLog = mkOption {
      type = types.bool;
      default = false;
      description = "Whether each request is a line in `$HOSTENV_STATE_DIR/log/nginx-access.log`. nginx does not rotate that file.";
    };
    settings = mkOption {
      type = types.attrsOf (types.oneOf [ types.str types.int types.bool (types.listOf types.str) ]);
      default = { };
      example = { gzip = true; keepalive_timeout = 30; };
      description = "Further directives of the block `http`, by name; a list is the directive repeated.";
    };
    eventsConfig = mkOption { type = types.lines; default = "worker_connections 1024;"; description = "Lines of the block `events`."; };
    commonHttpConfig = mkOption {
      type = types.lines;
      default = "";
      example = "map $http_accept $webp { default \"\"; ~image/webp .webp; }";
      description = "Lines at the beginning of the block `http`.";
    };
    appendConfig = mkOption { type = types.lines; default = ""; description = "Lines at the end of the file, outside of `http`."; };
  };

  config = lib.mkIf cfg.enable {
    assertions = lib.concatLists (
      lib.mapAttrsToList (
        host: { locations, ... }:
        lib.mapAttrsToList (path: { proxyPass, fastcgiPass, return, ... }: {
          assertion = lib.count (x: x != null) [ proxyPass fastcgiPass return ] <= 1;
          message = "option `services.nginx.virtualHosts.${host}.locations.\"${path}\"': only one of proxyPass, fastcgiPass and return can answer";
        }) locations
      ) cfg.virtualHosts
    );
    processes.nginx = {
      command = [ (lib.getExe' cfg.package "nginx") "-e" "stderr" "-p" temporary "-c" conf.path ];
      directories = [ conf.directory temporary ] ++ lib.optional cfg.accessLog "$HOSTENV_STATE_DIR/log";
      preStart = conf.write;
      listen.socket = "$HOSTENV_UPSTREAM_DIR/in.sock";
      # Requests that are being answered may end.
      stopSignal = "QUIT";
      stopTimeout = 10;
    };
  };
}
