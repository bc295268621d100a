# One host name of an environment (`environments.<key>.virtualHosts.<name>`): what the front door does for it. Names and meaning
# are those of the public hostenv project.
{ lib }:
let
  inherit (lib) mkOption types;
  headerValue = types.strMatching "[ -~]+";

  location = types.submodule {
    options.return = mkOption {
      type = types.nullOr (types.either types.str types.int);
      default = null;
      example = "301 https://example.org$request_uri";
      description = ''
        What the front door answers by itself, as nginx's `return`: a status, a status and an address or a text, or an address. It
        may name `$scheme`, `$host`, `$request_uri`, `$args`, `$query_string` and `$is_args`. Null: the environment answers.
      '';
    };
  };

  security = types.submodule {
    options = {
      csp = mkOption { type = types.nullOr headerValue; default = null; example = "default-src 'self'"; description = "Content-Security-Policy; null for none."; };
      cspMode = mkOption { type = types.enum [ "enforce" "report-only" ]; default = "enforce"; description = "Whether browsers enforce `csp` or only report."; };
      cspReportTo = mkOption { type = types.nullOr (types.strMatching "[A-Za-z0-9._-]+"); default = null; description = "Group of `reportTo` that `csp` reports to."; };
      reportTo = mkOption { type = types.nullOr headerValue; default = null; description = "Report-To, as JSON; null for none."; };
      referrerPolicy = mkOption {
        type = types.nullOr (types.enum [
          "no-referrer" "no-referrer-when-downgrade" "same-origin" "origin" "strict-origin"
          "origin-when-cross-origin" "strict-origin-when-cross-origin" "unsafe-url"
        ]);
        default = "strict-origin-when-cross-origin";
        description = "Referrer-Policy where the environment says none; null for none.";
      };
      xFrameOptions = mkOption { type = types.nullOr (types.enum [ "SAMEORIGIN" "DENY" ]); default = "SAMEORIGIN"; description = "X-Frame-Options where the environment says none; null for none."; };
      xContentTypeOptions = mkOption { type = types.bool; default = true; description = "Whether answers get X-Content-Type-Options: nosniff."; };
      hsts = mkOption { type = types.bool; default = true; description = "Whether answers over TLS get Strict-Transport-Security (together with the host's own `hsts`)."; };
    };
  };
in
types.submodule {
  options = {
    globalRedirect = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "www.example.org";
      description = "Host name that all requests for this host are redirected to.";
    };
    redirectCode = mkOption {
      type = types.enum [ 301 302 303 307 308 ];
      default = 301;
      description = "Status of `globalRedirect`.";
    };
    locations = mkOption {
      type = types.attrsOf location;
      default = { };
      example = { "/old".return = "301 /new$is_args$args"; "= /robots.txt".return = "200 User-agent: *"; };
      description = "What parts of the host do: `/prefix` (the longest counts) or `= /exact`.";
    };
    allowIndexing = mkOption {
      type = types.nullOr types.bool;
      default = null;
      defaultText = lib.literalExpression "config.type == \"production\"";
      description = "Whether search engines may list this host (default: on production only); otherwise answers get X-Robots-Tag: noindex.";
    };
    enableLetsEncrypt = mkOption {
      type = types.bool;
      default = true;
      description = "Whether whatever ends TLS in front of the receiver may ask Let's Encrypt for a certificate; the receiver itself has no TLS, and hands this on.";
    };
    hsts = mkOption {
      type = types.bool;
      default = true;
      description = "Whether answers over TLS get Strict-Transport-Security.";
    };
    security = mkOption {
      type = security;
      default = { };
      description = "Fields that the front door adds to answers.";
    };
  };
}
