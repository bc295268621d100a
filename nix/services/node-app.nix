# `services.node-app`: one Node process that serves HTTP.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption mkEnableOption types;
  cfg = config.services.node-app;
  socket = "$HOSTENV_UPSTREAM_DIR/in.sock";
in
{
  options.services.node-app = {
    enable = mkEnableOption "an application on Node";
    root = mkOption {
      type = types.path;
      example = lib.literalExpression "../.";
      description = "Folder of the application, with its node_modules where it has any: of the project, or a package that is built. It is read-only.";
    };
    main = mkOption { type = types.str; default = "server.js"; description = "File to run, below `root`."; };
    arguments = mkOption { type = types.listOf types.str; default = [ ]; description = "Arguments of that file."; };
    nodeArguments = mkOption { type = types.listOf types.str; default = [ ]; example = [ "--enable-source-maps" ]; description = "Arguments of Node itself."; };
    package = mkOption { type = types.package; default = pkgs.nodejs; description = "The Node to run."; };
    port = mkOption {
      type = types.nullOr types.port;
      default = null;
      example = 3000;
      description = ''
        Null: the application listens on the socket whose path is in PORT, which `server.listen(process.env.PORT)` does. A number: it
        can only listen on that port of 127.0.0.1, and gets a network of its own, from which nothing outside is reached
        (`processes.<name>.listen.port`).
      '';
    };
    environment = mkOption { type = types.attrsOf types.str; default = { }; example = { LOG_LEVEL = "debug"; }; description = "Further variables."; };
    secrets = mkOption { type = types.listOf types.str; default = [ ]; description = "Secrets that it needs (`processes.<name>.secrets`)."; };
    after = mkOption { type = types.listOf types.str; default = [ ]; example = [ "postgresql" ]; description = "Processes that must be ready first."; };
    healthPath = mkOption { type = types.str; default = "/"; example = "/healthz"; description = "Path that must answer below 500 before the application counts as ready."; };
  };
  config = lib.mkIf cfg.enable {
    processes.node-app = {
      command = [ (lib.getExe' cfg.package "node") ] ++ cfg.nodeArguments ++ [ "${cfg.root}/${cfg.main}" ] ++ cfg.arguments;
      environment = { NODE_ENV = "production"; PORT = if cfg.port == null then socket else toString cfg.port; } // cfg.environment;
      workingDirectory = "${cfg.root}";
      listen = if cfg.port == null then { inherit socket; } else { inherit (cfg) port; };
      readiness.http = { inherit socket; path = cfg.healthPath; };
      inherit (cfg) secrets after;
      stopTimeout = 10;
    };
  };
}
