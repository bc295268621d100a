# `services.python-app`: one WSGI application.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption mkEnableOption types;
  cfg = config.services.python-app;
  socket = "$HOSTENV_UPSTREAM_DIR/in.sock";
  command = {
    # The standard library and nothing else, so that every Python has it.
    builtin = [ (lib.getExe' cfg.package "python3") "${./wsgi.py}" cfg.app socket ];
    gunicorn = [ (lib.getExe' cfg.package "gunicorn") "--bind" "unix:${socket}" "--workers" (toString cfg.workers) cfg.app ];
  };
in
{
  options.services.python-app = {
    enable = mkEnableOption "a WSGI application";
    root = mkOption { type = types.path; example = lib.literalExpression "../src"; description = "Folder that modules are imported from. It is read-only."; };
    app = mkOption { type = types.strMatching "[A-Za-z0-9_.]+:[A-Za-z0-9_.]+"; default = "app:application"; description = "Module, and the callable in it."; };
    package = mkOption {
      type = types.package;
      default = pkgs.python3;
      example = lib.literalExpression "pkgs.python3.withPackages (ps: [ ps.flask ps.gunicorn ])";
      description = "The Python to run, with the packages that the application needs.";
    };
    server = mkOption {
      type = types.enum [ "builtin" "gunicorn" ];
      default = "builtin";
      description = "`builtin`: a small server with a thread for each request. `gunicorn`: that program, which `package` must have.";
    };
    workers = mkOption { type = types.ints.positive; default = 2; description = "Processes of gunicorn."; };
    environment = mkOption { type = types.attrsOf types.str; default = { }; description = "Further variables."; };
    secrets = mkOption { type = types.listOf types.str; default = [ ]; description = "Secrets that it needs (`processes.<name>.secrets`)."; };
    after = mkOption { type = types.listOf types.str; default = [ ]; example = [ "postgresql" ]; description = "Processes that must be ready first."; };
    healthPath = mkOption { type = types.str; default = "/"; description = "Path that must answer below 500 before the application counts as ready."; };
  };
  config = lib.mkIf cfg.enable {
    processes.python-app = {
      command = command.${cfg.server};
      environment = { PYTHONPATH = "${cfg.root}"; PYTHONDONTWRITEBYTECODE = "1"; PYTHONUNBUFFERED = "1"; } // cfg.environment;
      listen.socket = socket;
      readiness.http.path = cfg.healthPath;
      inherit (cfg) secrets after;
      stopTimeout = 10;
    };
  };
}
