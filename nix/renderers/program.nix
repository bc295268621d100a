# What every manager starts for a process: `run` becomes the process itself, `ready` waits until it is ready. The text is the
# same under each of them; what differs is theirs. A record in, files (name -> text) out.
{ lib, pkgs }:
let
  shell = import ./shell.nix { inherit lib; };
  tools = import ./tools.nix { inherit lib pkgs; };
  out = builtins.placeholder "out";
  inherit (lib) concatMapStrings optionalString;

  variables = name: p:
    "export HOSTENV_SECRETS_DIR=\"\${HOSTENV_SECRETS_DIR:-$HOSTENV_RUNTIME_DIR/secrets}\"\n"
    + concatMapStrings (variable: "export ${variable}=${shell.word p.environment.${variable}}\n") (builtins.attrNames p.environment);

  directory = d: if builtins.isString d then { path = d; mode = "0700"; } else d;
  makeDirectory = d: let word = shell.word d.path; in "[ -d ${word} ] || ${tools.program pkgs.coreutils "mkdir"} -p -m ${d.mode} ${word} || exit 111\n";
  # A runtime directory does not outlive a reboot, and may be needed before `activate` has run again.
  directories = p:
    lib.optional (p.listen.socket != null) { path = builtins.dirOf p.listen.socket; mode = "0700"; } ++ map directory p.directories;

  secret = name: ''
    [ -r "$HOSTENV_SECRETS_DIR/${name}" ] || { echo "the secret ${name} has no value here"; exit 111; }
  '';

  # In a namespace of its own, where the process may have the port.
  namespaced = p: "${tools.shell} ${namespace} ${toString p.listen.port} ${shell.word p.listen.socket} ";
  namespace = pkgs.writeText "port-namespace" (
    ''
      ${tools.path [ pkgs.util-linux pkgs.iproute2 pkgs.socat pkgs.coreutils pkgs.gnugrep ]}
      # Named so that whoever builds for this host hears of a program that it lacks: ${pkgs.socat} ${pkgs.iproute2}
    ''
    + builtins.readFile ./namespace.sh
  );

  run = name: p: ''
    ${tools.shebang}
    # Becomes the process: its variables, directories and preparations first.
    ${variables name p}${concatMapStrings secret p.secrets}${concatMapStrings makeDirectory (directories p)}cd ${shell.word p.workingDirectory} || exit 111
    ${optionalString (p.preStart != "") "${out}/prepare || exit\n"}${
      optionalString (reprepares p) "\"$HOSTENV_STATE_DIR/files/${name}/.prepare\" || exit\n"
    }${
      optionalString (p.listen.socket != null && !p.listen.activation) (
        let word = shell.word p.listen.socket; in "[ ! -S ${word} ] || ${tools.program pkgs.coreutils "rm"} -f ${word}\n"
      )
    }exec ${optionalString (p.listen.port != null) (namespaced p)}${shell.words p.command}
  '';

  prepare = p: ''
    ${tools.shebang}
    ${tools.path [ pkgs.coreutils ]}
    set -e
    ${p.preStart}
  '';

  reprepares = p: p.reload != null && p.reload.prepare != "";

  checks = p:
    let
      r = if p.readiness == null then { socket = null; http = null; command = null; } else p.readiness;
      bare = r.http == null && r.command == null;
      socket = if r.socket == null && bare && !p.listen.activation then p.listen.socket else r.socket;
      asked = if r.http.socket == null then p.listen.socket else r.http.socket;
    in
    lib.optional (socket != null) "connects ${shell.word socket}"
    ++ lib.optional (r.http != null) "answers ${shell.word asked} ${shell.literal r.http.path}"
    ++ lib.optional (r.command != null) "${shell.words r.command} >/dev/null 2>&1";

  asksSocket = p: p.readiness == null || p.readiness.command == null || p.readiness.socket != null || p.readiness.http != null;

  # Its variables and directory are those of the process; a check may need either.
  ready = name: p: ''
    ${tools.shebang}
    # Ends once the process is ready, or with 1 when $1, its process, is gone.
    ${variables name p}${tools.path [ pkgs.s6 pkgs.coreutils ]}
    most=${toString (if p.readiness == null then 1 else p.readiness.interval)}
    holds() { ${builtins.concatStringsSep " && " (checks p)}; }
    cd ${shell.word p.workingDirectory} 2>/dev/null || cd /
    ${optionalString (asksSocket p) (builtins.readFile ./ready-socket.sh)}${builtins.readFile ./ready.sh}'';
in
{
  # What a process finds in $HOSTENV_STATE_DIR/files/NAME: no part of its definition, so that a change of it need not restart it.
  # `.prepare` runs at starts and reloads, and brings its own variables and directory, as whoever reloads has neither.
  reloadable = name: p: pkgs.linkFarm "files-${name}" (
    lib.mapAttrsToList (file: path: { name = file; inherit path; }) p.reload.files
    ++ lib.optional (reprepares p) {
      name = ".prepare";
      path = pkgs.writeScript "prepare-${name}" ''
        ${tools.shebang}
        ${variables name p}${tools.path [ pkgs.coreutils ]}
        cd ${shell.word p.workingDirectory} || exit 111
        set -e
        ${p.reload.prepare}
      '';
    }
  );

  # Seconds that a deployment waits for the process to become ready, or 0 where nothing says when it is.
  patience = p:
    if p.schedule != null || checks p == [ ] then 0 else if p.readiness == null then 30 else p.readiness.timeout;

  files = name: p:
    { run = run name p; }
    // lib.optionalAttrs (p.preStart != "") { prepare = prepare p; }
    // lib.optionalAttrs (p.schedule == null && checks p != [ ]) { ready = ready name p; };
}
