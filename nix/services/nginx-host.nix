# The types of a server of nginx and of a location in it; names as in NixOS.
{ lib }:
let
  inherit (lib) mkOption types;
  maybe = type: description: mkOption { type = types.nullOr type; default = null; inherit description; };
  extraConfig = mkOption { type = types.lines; default = ""; description = "Further directives, as nginx has them."; };
  location = types.submodule {
    options = {
      root = maybe types.str "Directory that paths are looked up in.";
      alias = maybe types.str "Directory that stands for this location.";
      index = maybe types.str "Files that stand for a directory.";
      tryFiles = maybe types.str "What is tried in turn.";
      return = maybe (types.either types.str types.int) "Status, or status and text or address, to answer with.";
      proxyPass = maybe types.str "Address to pass requests on to, such as `http://unix:$HOSTENV_RUNTIME_DIR/app.sock`.";
      proxyWebsockets = mkOption { type = types.bool; default = false; description = "Whether a passed connection may become a web socket."; };
      fastcgiPass = maybe types.str "FastCGI server to pass requests on to, such as `unix:$HOSTENV_RUNTIME_DIR/phpfpm-app.sock`.";
      fastcgiParams = mkOption { type = types.attrsOf types.str; default = { }; description = "Further FastCGI parameters."; };
      priority = mkOption { type = types.int; default = 1000; description = "Order among the locations, which counts for those with a pattern."; };
      inherit extraConfig;
    };
  };
in
types.submodule (
  { name, ... }:
  {
    options = {
      serverName = mkOption { type = types.str; default = "_"; description = "Host name that the server answers to; `_` for those that no other server has."; };
      serverAliases = mkOption { type = types.listOf types.str; default = [ ]; description = "Further host names."; };
      default = mkOption { type = types.bool; default = false; description = "Whether the server answers to every other host name."; };
      root = maybe types.str "Directory that paths are looked up in.";
      locations = mkOption { type = types.attrsOf location; default = { }; description = "What answers below which path."; };
      inherit extraConfig;
    };
  }
)
