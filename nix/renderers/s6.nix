# From one process record to one s6 service directory in the store (s6-supervise(8), servicedir). Its path is the identity
# of the definition: what does not change it does not restart the process.
{ lib, pkgs }:
let
  shell = import ./shell.nix { inherit lib; };
  shebang = "#!${pkgs.posixShell or pkgs.runtimeShell}";

  run = p: ''
    ${shebang}
    exec 2>&1
    echo $$ > group
    # The logger's alone.
    unset HOSTENV_LOG_FILES HOSTENV_LOG_BYTES
    ${lib.optionalString p.restartOnRelease ''
      { read -r HOSTENV_RELEASE; read -r HOSTENV_REVISION; } < ./release
      export HOSTENV_RELEASE HOSTENV_REVISION
    ''}cd ${shell.word p.workingDirectory} || exit 111
    ${lib.concatMapStrings (name: "export ${name}=${shell.word p.environment.${name}}\n") (builtins.attrNames p.environment)}exec ${shell.words p.command}
  '';

  # finish gets the exit code (256 for a signal) first. s6 gives each process a session of its own: what it left behind in its
  # group would keep sockets and the log's pipe open. s6 before 2.12 does not tell the group. 125 means: do not start again.
  finish = p: ''
    ${shebang}
    read -r group < group && rm -f group
    if [ -n "$group" ] && kill -TERM "-$group" 2>/dev/null; then
      # No `--`: dash does not take it after a signal.
      for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 "-$group" 2>/dev/null || break; sleep 0.1; done
      kill -KILL "-$group" 2>/dev/null
    fi
    ${
      {
        always = "exit 0";
        on-failure = ''[ "$1" -eq 0 ] && exit 125 || exit 0'';
        never = "exit 125";
      }.${p.restart}
    }
  '';

  # Output goes to files of bounded number and size, each line with its time. The operator's limits arrive as variables.
  log = name: ''
    ${shebang}
    mkdir -p "$HOSTENV_STATE_DIR/log/${name}" || exit 111
    exec ${lib.getExe' pkgs.s6 "s6-log"} "n''${HOSTENV_LOG_FILES:-5}" "s''${HOSTENV_LOG_BYTES:-1000000}" T "$HOSTENV_STATE_DIR/log/${name}"
  '';
in
{
  service = name: p:
    pkgs.runCommand "process-${name}"
      {
        run = run p;
        finish = finish p;
        log = log name;
        passAsFile = [ "run" "finish" "log" ];
        onRelease = if p.restartOnRelease then "1" else "";
      }
      ''
        mkdir -p $out/log
        cp $runPath $out/run
        cp $finishPath $out/finish
        cp $logPath $out/log/run
        echo ${p.restart} > $out/restart
        chmod +x $out/run $out/finish $out/log/run
        [ -z "$onRelease" ] || touch $out/restart-on-release
      '';
}
