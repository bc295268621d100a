# nginx.conf as text. Every file that nginx writes is named, because its own defaults lie outside of the environment.
{ lib }:
let
  line = name: value: "${name} ${value};\n";
  given = name: value: lib.optionalString (value != null) (line name (toString value));
  types = import ./mime-types.nix;
  indent = text: lib.concatMapStrings (l: if l == "" then "" else "  ${l}\n") (lib.splitString "\n" text);

  setting = name: value:
    if builtins.isList value then
      lib.concatMapStrings (line name) value
    else
      line name (if value == true then "on" else if value == false then "off" else toString value);

  # fastcgi_params of nginx's own distribution, which not every package has in one place.
  parameters = {
    SCRIPT_FILENAME = "$document_root$fastcgi_script_name";
    QUERY_STRING = "$query_string";
    REQUEST_METHOD = "$request_method";
    CONTENT_TYPE = "$content_type";
    CONTENT_LENGTH = "$content_length";
    SCRIPT_NAME = "$fastcgi_script_name";
    REQUEST_URI = "$request_uri";
    DOCUMENT_URI = "$document_uri";
    DOCUMENT_ROOT = "$document_root";
    SERVER_PROTOCOL = "$server_protocol";
    REQUEST_SCHEME = "$forwarded_scheme";
    HTTPS = "$forwarded_https if_not_empty";
    GATEWAY_INTERFACE = "CGI/1.1";
    SERVER_SOFTWARE = "nginx";
    REMOTE_ADDR = "$remote_addr";
    SERVER_NAME = "$host";
    SERVER_PORT = "$forwarded_port";
    # Requests must not set variables of the program (https://httpoxy.org).
    HTTP_PROXY = "\"\"";
    # PHP built with --enable-force-cgi-redirect wants it.
    REDIRECT_STATUS = "200";
  };

  location = path: l:
    "location ${path} {\n"
    + indent (
      given "root" l.root + given "alias" l.alias + given "index" l.index + given "try_files" l.tryFiles
      + given "return" l.return
      + lib.optionalString (l.fastcgiPass != null) (
        line "fastcgi_pass" l.fastcgiPass
        + lib.concatStrings (lib.mapAttrsToList (n: v: line "fastcgi_param" "${n} ${v}") (parameters // l.fastcgiParams))
      )
      + lib.optionalString (l.proxyPass != null) (
        line "proxy_pass" l.proxyPass
        + line "proxy_http_version" "1.1"
        + line "proxy_set_header" "Host $http_host"
        + line "proxy_set_header" "X-Forwarded-Proto $forwarded_scheme"
        + line "proxy_set_header" "X-Forwarded-For $remote_addr"
        + (
          if l.proxyWebsockets then
            line "proxy_set_header" "Upgrade $http_upgrade" + line "proxy_set_header" "Connection $connection_upgrade"
          else
            line "proxy_set_header" "Connection \"\""
        )
      )
      + l.extraConfig
    )
    + "}\n";

  locations = all:
    let
      ordered = builtins.sort (a: b: all.${a}.priority < all.${b}.priority) (builtins.attrNames all);
    in
    lib.concatMapStrings (path: location path all.${path}) ordered;

  server = only: _: s:
    "server {\n"
    + indent (
      line "listen" "unix:$HOSTENV_UPSTREAM_DIR/in.sock${lib.optionalString (s.default || only) " default_server"}"
      + line "server_name" (toString ([ s.serverName ] ++ s.serverAliases))
      + given "root" s.root
      + s.extraConfig + lib.optionalString (s.extraConfig != "") "\n"
      + locations s.locations
    )
    + "}\n";
in
{
  main = cfg:
    let
      only = builtins.length (builtins.attrNames cfg.virtualHosts) == 1;
      defaults = {
        default_type = "application/octet-stream";
        types_hash_max_size = 2688;
        server_names_hash_bucket_size = 128;
        client_max_body_size = cfg.clientMaxBodySize;
        server_tokens = cfg.serverTokens;
        access_log = if cfg.accessLog then "$HOSTENV_STATE_DIR/log/nginx-access.log" else false;
        sendfile = true;
        tcp_nopush = true;
        keepalive_timeout = 65;
        fastcgi_buffers = "16 16k";
        fastcgi_buffer_size = "32k";
        # Addresses in redirects are the browser's, which does not see this socket.
        absolute_redirect = false;
        # Behind a Unix socket every client has one address; the front door says which it is.
        set_real_ip_from = "unix:";
        real_ip_header = "X-Forwarded-For";
      }
      // lib.genAttrs [ "client_body_temp_path" "proxy_temp_path" "fastcgi_temp_path" "uwsgi_temp_path" "scgi_temp_path" ] (
        name: "$HOSTENV_CACHE_DIR/nginx/${lib.removeSuffix "_temp_path" name}"
      );
    in
    ''
      daemon off;
      pid $HOSTENV_RUNTIME_DIR/conf/nginx.pid;
      error_log stderr;
      worker_processes 1;
      events {
      ${indent cfg.eventsConfig}}
      http {
      ${indent (
        cfg.commonHttpConfig + "\n"
        + "types {\n${indent (lib.concatStrings (lib.mapAttrsToList (n: v: line n v) types))}}\n"
        # The front door ends TLS and says so.
        + "map $http_x_forwarded_proto $forwarded_scheme { default http; https https; }\n"
        + "map $forwarded_scheme $forwarded_https { default \"\"; https on; }\n"
        + "map $forwarded_scheme $forwarded_port { default 80; https 443; }\n"
        + "map $http_upgrade $connection_upgrade { default upgrade; \"\" \"\"; }\n"
        + lib.concatStrings (lib.mapAttrsToList setting (defaults // cfg.settings))
        + lib.concatStrings (lib.mapAttrsToList (server only) cfg.virtualHosts)
      )}}
      ${cfg.appendConfig}
    '';
}
