# Assembles the package of an environment: bin/activate, the project's own activate lines, the process definitions for each
# manager, and what the receiver reads about the processes.
{ lib, pkgs, services, facts, activate }:
pkgs.runCommand "activate"
  {
    main = ''
      #!${pkgs.posixShell or pkgs.runtimeShell}
      # Puts this package in force for the environment that HOSTENV_* names. Safe to run again at any time.
      set -eu
      PATH=${lib.makeBinPath [ pkgs.s6 pkgs.coreutils ]}:''${PATH:-/usr/bin:/bin}
      export PATH
      here=@out@/share/hostenv
      if [ -e "$here/activate" ]; then
        (cd "$HOSTENV_DATA_DIR" && "$here/activate")
      fi
      case "''${HOSTENV_MANAGER:-}" in
        s6) exec "$here/managers/s6" "$here/s6" ;;
        *) echo "activate: unknown process manager: ''${HOSTENV_MANAGER:-none named}" >&2; exit 1 ;;
      esac
    '';
    lines = lib.optionalString (activate != "") "#!${pkgs.posixShell or pkgs.runtimeShell}\nset -e\n${activate}\n";
    processes = builtins.toJSON facts;
    manager = "#!${pkgs.posixShell or pkgs.runtimeShell}\n${builtins.readFile ./s6.sh}";
    services = map (name: "${name}=${services.${name}}") (builtins.attrNames services);
    passAsFile = [ "main" "lines" "processes" "manager" ];
  }
  ''
    mkdir -p $out/bin $out/share/hostenv/managers $out/share/hostenv/s6
    sed "s|@out@|$out|" $mainPath > $out/bin/activate
    cp $managerPath $out/share/hostenv/managers/s6
    cp $processesPath $out/share/hostenv/processes.json
    chmod +x $out/bin/activate $out/share/hostenv/managers/s6
    if [ -s $linesPath ]; then
      cp $linesPath $out/share/hostenv/activate
      chmod +x $out/share/hostenv/activate
    fi
    for service in $services; do ln -s ''${service#*=} $out/share/hostenv/s6/''${service%%=*}; done
  ''
