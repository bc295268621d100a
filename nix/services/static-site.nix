# `services.static-site`: a folder of files, served by nginx.
{ config, lib, ... }:
let
  inherit (lib) mkOption mkEnableOption types;
  cfg = config.services.static-site;
  root = "${cfg.root}";
  version = "\"${builtins.substring 0 32 (lib.removePrefix "${builtins.storeDir}/" root)}\"";
in
{
  options.services.static-site = {
    enable = mkEnableOption "a site of files";
    root = mkOption { type = types.path; example = lib.literalExpression "../public"; description = "Folder of the files: of the project, or a package that is built."; };
    index = mkOption { type = types.listOf types.str; default = [ "index.html" ]; description = "Files that stand for their folder."; };
    fallback = mkOption {
      type = types.nullOr (types.strMatching "/.*");
      default = null;
      example = "/index.html";
      description = "File that answers, with status 200, where there is none: for applications that do their own routing.";
    };
    notFound = mkOption {
      type = types.nullOr (types.strMatching "/.*");
      default = null;
      example = "/404.html";
      description = "File that is the page of status 404.";
    };
    maxAge = mkOption {
      type = types.attrsOf types.str;
      default = { };
      example = { "/assets/" = "max"; };
      description = "How long browsers may keep what is below a path (nginx's `expires`). Elsewhere they ask each time whether it changed.";
    };
  };
  config = lib.mkIf cfg.enable {
    services.nginx.virtualHosts.static-site = {
      inherit root;
      # Every file of the store has the same date, which is what nginx would tell changed files by: the site's own hash does.
      extraConfig = ''
        index ${toString cfg.index};
        charset utf-8;
        charset_types text/css text/csv text/javascript text/markdown text/plain text/vtt text/xml image/svg+xml;
        etag off;
        add_header Last-Modified "";
        add_header ETag '${version}';
        if ($http_if_none_match = '${version}') { return 304; }
        ${lib.optionalString (cfg.notFound != null) "error_page 404 ${cfg.notFound};"}
      '';
      locations = {
        "/".tryFiles = "$uri $uri/ ${if cfg.fallback == null then "=404" else cfg.fallback}";
      }
      // builtins.mapAttrs (_: age: { extraConfig = "expires ${age};"; tryFiles = "$uri =404"; }) cfg.maxAge;
    };
  };
}
