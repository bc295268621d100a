# `processes`: what runs in an environment, and what must hold of the records.
{ config, lib, site, ... }:
let
  inherit (lib) mkOption types;
  calendar = import ../renderers/calendar.nix { inherit lib; };
  missing = (import ../renderers/missing.nix).${site.manager or "s6"};
  process = import ./process.nix { inherit lib; };
  names = builtins.attrNames config.processes;
  wrong = pattern: builtins.filter (name: builtins.match pattern name == null);
  must = assertion: message: { inherit assertion message; };

  # What is `after` itself, however far, or after nothing that there is.
  order = import ../renderers/order.nix { inherit lib; } config.processes;

  ofOne = name:
    let
      p = config.processes.${name};
      at = option: "option `processes.${name}.${option}'";
      r = p.readiness;
      strangers = builtins.filter (other: !(config.processes ? ${other})) p.after;
      path = d: if builtins.isString d then d else d.path;
      outside = wrong "[$](HOSTENV_(DATA|STATE|CACHE|RUNTIME|UPSTREAM)_DIR|[{]HOSTENV_(DATA|STATE|CACHE|RUNTIME|UPSTREAM)_DIR[}])/[^[:cntrl:]]+" (map path p.directories);
    in
    map (variable: must false "${at "environment"}: ${builtins.toJSON variable} is no name for a variable") (
      wrong "[a-zA-Z_][a-zA-Z0-9_]*" (builtins.attrNames p.environment)
    )
    ++ map (other: must false "${at "after"}: there is no process `${other}'") strangers
    ++ map (directory: must false "${at "directories"}: ${builtins.toJSON directory} is not below one of the environment's directories ($HOSTENV_DATA_DIR/…)") outside
    ++ map (file: must false "${at "reload.files"}: ${builtins.toJSON file} is no name for a file") (
      wrong "[a-zA-Z0-9_][a-zA-Z0-9._-]{0,100}" (if p.reload == null then [ ] else builtins.attrNames p.reload.files)
    )
    ++ [
      (must (r == null || r.socket != null || r.http != null || r.command != null || (p.listen.socket != null && !p.listen.activation))
        "${at "readiness"}: nothing to check; give `socket', `http' or `command', or `listen.socket'")
      (must (r == null || r.http == null || r.http.socket != null || p.listen.socket != null)
        "${at "readiness.http.socket"}: which socket to ask at; `listen.socket' is not given either")
      (must (!p.listen.activation || (p.listen.socket != null && p.listen.port == null))
        "${at "listen.activation"}: needs `listen.socket', and no `listen.port'")
      (must (p.schedule == null || calendar.understood p.schedule)
        "${at "schedule"}: ${builtins.toJSON p.schedule} is not understood; write for instance \"hourly\", \"Mon..Fri 03:00\" or \"*:0/15\"")
      (must (p.schedule == null || (p.listen.socket == null && r == null))
        "${at "schedule"}: a process that runs at times neither listens nor becomes ready")
      (must (p.schedule == null || !p.restartOnRelease) "${at "restartOnRelease"}: means nothing with `schedule'")
    ];
in
{
  options = {
    processes = mkOption {
      type = types.attrsOf process;
      default = { };
      description = "The processes of every environment; `environments.<key>.modules` adds to one.";
    };
    resources = mkOption {
      type = import ./resources.nix { inherit lib; };
      default = { };
      example = { memory = "2G"; };
      description = "Most that all processes of the environment together may use.";
    };
  };
  config = {
    assertions =
      map (name: must false "option `processes': ${builtins.toJSON name} is no name for a process; use up to 63 letters, digits, `-' and `_'") (
        wrong "[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}" names
      )
      ++ builtins.concatMap ofOne names
      ++ [ (must (order.circle == [ ]) "option `processes': ${lib.concatMapStringsSep ", " (name: "`${name}'") order.circle} wait for one another (`after')") ];
    warnings = missing config;
  };
}
