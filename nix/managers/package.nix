# Assembles the package of an environment: bin/activate, the project's own activate lines, the processes with their definitions for
# every manager, and what the receiver reads about them.
{ lib, pkgs, activate, processes, resources }:
let
  renderProcess = import ../renderers/process.nix { inherit lib pkgs; };
  program = import ../renderers/program.nix { inherit lib pkgs; };
  s6 = import ../renderers/s6.nix { inherit lib pkgs; };
  systemd = import ../renderers/systemd.nix { inherit lib pkgs; };
  shell = import ../renderers/shell.nix { inherit lib; };
  order = import ../renderers/order.nix { inherit lib; } processes;
  inherit (import ../renderers/tools.nix { inherit lib pkgs; }) hostOnly shebang;

  # What the managers use; on a host without nixpkgs the rest is where every host has it.
  programs = [ pkgs.s6 pkgs.coreutils ] ++ lib.optionals (!hostOnly) [ pkgs.gawk pkgs.gnused pkgs.diffutils ];
  names = builtins.attrNames processes;
  definitions = builtins.mapAttrs renderProcess processes;

  kind = p: if p.schedule != null then "timer" else p.restart;
  # What the managers read, one line for each process in the order of their starts. No field has a blank.
  line = level: name:
    let p = processes.${name}; in
    toString [
      level
      name
      (kind p)
      (program.patience p)
      (if p.restartOnRelease then "release" else "-")
      (if p.reload == null then "-" else p.reload.signal)
      (if p.reload == null then "-" else program.reloadable name p)
      definitions.${name}
    ];
  list = lib.concatLines (builtins.concatLists (lib.imap0 (level: map (line level)) order.levels));

  activated = builtins.filter (name: processes.${name}.listen.activation) names;
in
pkgs.runCommand "activate"
  {
    main = ''
      ${shebang}
      # Puts this package in force for the environment that HOSTENV_* names. Safe to run again at any time.
      set -eu
      PATH=${lib.makeBinPath [ pkgs.s6 pkgs.coreutils ]}:''${PATH:-/usr/bin:/bin}
      export PATH
      here=${builtins.placeholder "out"}/share/hostenv
      if [ -e "$here/secrets" ]; then
        while read -r name secret kind; do
          [ ! -r "''${HOSTENV_SECRETS_DIR:-$HOSTENV_RUNTIME_DIR/secrets}/$secret" ] || continue
          if [ "$kind" = timer ]; then
            echo "$name needs the secret $secret, which has no value here: its runs fail until it has"
          else
            echo "activate: $name needs the secret $secret, which has no value here" >&2
            exit 1
          fi
        done < "$here/secrets"
      fi
      if [ -e "$here/activate" ]; then
        (cd "$HOSTENV_DATA_DIR" && "$here/activate")
      fi
      case "''${HOSTENV_MANAGER:-}" in
        s6 | systemd) exec "$here/managers/$HOSTENV_MANAGER" "$here" ;;
        *) echo "activate: unknown process manager: ''${HOSTENV_MANAGER:-none named}" >&2; exit 1 ;;
      esac
    '';
    lines = lib.optionalString (activate != "") "${shebang}\nset -e\n${activate}\n";
    facts = builtins.toJSON {
      version = 1;
      processes = builtins.mapAttrs (_: p: { restart = s6.supervision p; }) processes;
    };
    inherit list;
    secrets = lib.concatMapStrings (
      name: lib.concatMapStrings (secret: "${name} ${secret} ${kind processes.${name}}\n") processes.${name}.secrets
    ) names;
    slice = systemd.slice resources;
    # Where sockets that the manager makes belong is known at run time only.
    sockets = lib.concatMapStrings (name: "socket ${name} ${shell.word processes.${name}.listen.socket}\n") activated;
    managerS6 = "${shebang}\n${builtins.readFile ./common.sh}${builtins.readFile ./s6.sh}";
    managerSystemd = "${shebang}\n${builtins.readFile ./common.sh}${builtins.readFile ./systemd.sh}";
    links = map (name: "${name}=${definitions.${name}}") names;
    passAsFile = [ "main" "lines" "facts" "list" "slice" "sockets" "managerS6" "managerSystemd" "secrets" ];
  }
  ''
    here=$out/share/hostenv
    mkdir -p $out/bin $here/managers $here/processes $here/systemd
    cp $mainPath $out/bin/activate
    cp $factsPath $here/processes.json
    cp $listPath $here/processes.list
    cp $slicePath $here/systemd/hostenv.slice
    cp $socketsPath $here/systemd/sockets
    [ ! -s $secretsPath ] || cp $secretsPath $here/secrets
    cp $managerS6Path $here/managers/s6
    cp $managerSystemdPath $here/managers/systemd
    chmod +x $out/bin/activate $here/managers/*
    if [ -s $linesPath ]; then
      cp $linesPath $here/activate
      chmod +x $here/activate
    fi
    for link in $links; do ln -s ''${link#*=} $here/processes/''${link%%=*}; done
  ''
