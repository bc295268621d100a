# What the receiver will not take, said before it has to: names of hosts and people, lengths of socket paths, ports.
{ config, lib, ... }:
let
  must = assertion: message: { inherit assertion message; };
  label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
  isHostName = name: builtins.stringLength name <= 253 && builtins.match "${label}([.]${label})*" name != null;
  withoutPort = text: let m = builtins.match "(.*):[0-9]{1,5}" text; in if m == null then text else builtins.head m;
  isUser = name: builtins.match "[A-Za-z0-9_][A-Za-z0-9._-]{0,63}" name != null;
  wrong = holds: builtins.filter (name: !(holds name));
  quote = builtins.toJSON;

  ofUsers = option: users: map (name: "option `${option}': ${quote name} is no name for a person; use up to 64 letters, digits, `.', `-' and `_'") (
    wrong isUser (builtins.attrNames users)
  );
  ofEnvironment = key: e:
    let
      at = option: "environments.${quote key}.${option}";
      redirects = lib.filterAttrs (_: host: host.globalRedirect != null && !(isHostName (withoutPort host.globalRedirect))) e.virtualHosts;
    in
    map (name: "option `${at "virtualHosts"}': ${quote name} is no host name (RFC 1123: labels of a-z, 0-9 and `-', in lower case, no port)") (
      wrong isHostName (builtins.attrNames e.virtualHosts)
    )
    ++ lib.mapAttrsToList (name: host: "option `${at "virtualHosts.${quote name}.globalRedirect"}': ${quote host.globalRedirect} is no host name") redirects
    ++ ofUsers (at "users") e.users;

  # A socket's path may have 107 bytes (unix(7)). `$HOSTENV_RUNTIME_DIR` and `$HOSTENV_UPSTREAM_DIR` as they are on this host.
  longest = 107;
  expand = builtins.replaceStrings
    (builtins.concatMap (name: [ "$HOSTENV_${name}_DIR/" "\${HOSTENV_${name}_DIR}/" ]) [ "RUNTIME" "UPSTREAM" "DATA" "STATE" "CACHE" ])
    (builtins.concatMap (dir: [ "${dir}/" "${dir}/" ]) (with config.hostenv; [ runtimeDir upstreamRuntimeDir dataDir stateDir cacheDir ]));
  ofSocket = option: path:
    let bytes = builtins.stringLength (expand path); in
    lib.optional (path != null && bytes > longest)
      (must false "option `${option}': the path of this socket has ${toString bytes} bytes on this host, and ${toString longest} is the most: ${expand path}");
  ofProcess = name: p:
    let
      at = option: "processes.${name}.${option}";
      number = p.environment.PORT or "";
    in
    ofSocket (at "listen.socket") p.listen.socket
    ++ lib.optionals (p.readiness != null) (
      ofSocket (at "readiness.socket") p.readiness.socket
      ++ lib.optionals (p.readiness.http != null) (ofSocket (at "readiness.http.socket") p.readiness.http.socket)
    )
    ++ lib.optional (p.listen.port == null && builtins.match "[0-9]+" number != null)
      (must false "option `${at "environment"}': PORT is the number ${number}, and an environment has no ports; listen on a socket ($HOSTENV_UPSTREAM_DIR/in.sock), or set `${at "listen.port"}' to it");
  ofNginx = host: server: builtins.concatMap (
    path:
    let
      address = server.locations.${path}.proxyPass;
      fastcgi = server.locations.${path}.fastcgiPass;
      at = option: "option `services.nginx.virtualHosts.${host}.locations.${quote path}.${option}'";
      port = text: text != null && builtins.match "(https?://)?[^/$]*:[0-9]+(/.*)?" text != null;
    in
    lib.optional (port address) (must false "${at "proxyPass"}: ${quote address} is a port, and environments listen on sockets only; write http://unix:$HOSTENV_RUNTIME_DIR/NAME.sock")
    ++ lib.optional (port fastcgi) (must false "${at "fastcgiPass"}: ${quote fastcgi} is a port, and environments listen on sockets only; write unix:$HOSTENV_RUNTIME_DIR/NAME.sock")
  ) (builtins.attrNames server.locations);
in
{
  config = {
    policyErrors =
      builtins.concatLists (lib.mapAttrsToList ofEnvironment config.environments)
      ++ ofUsers "allEnvironments.users" config.allEnvironments.users
      ++ builtins.concatLists (lib.mapAttrsToList (pattern: p: ofUsers "previews.${quote pattern}.users" p.users) config.previews);
    assertions =
      ofSocket "hostenv.upstreamRuntimeDir" "$HOSTENV_UPSTREAM_DIR/in.sock"
      ++ builtins.concatLists (lib.mapAttrsToList ofProcess config.processes)
      ++ builtins.concatLists (lib.mapAttrsToList ofNginx config.services.nginx.virtualHosts);
  };
}
