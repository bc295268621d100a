# From one process record to one s6 service directory (s6-supervise(8), servicedir). A record in, files (name -> text) out.
{ lib, pkgs }:
let
  shell = import ./shell.nix { inherit lib; };
  tools = import ./tools.nix { inherit lib pkgs; };
  program = import ./program.nix { inherit lib pkgs; };
  calendar = import ./calendar.nix { inherit lib; };
  out = builtins.placeholder "out";
  inherit (lib) optionalString;

  # How a process is stopped is written beside it when it starts: a new definition does not change how the old process ends.
  run = p: ''
    ${tools.shebang}
    exec 2>&1
    echo $$ > group
    echo ${if p.schedule == null then p.stopSignal else "TERM"} > down-signal
    echo ${toString (p.stopTimeout * 1000)} > timeout-kill
    # The logger's alone.
    unset HOSTENV_LOG_FILES HOSTENV_LOG_BYTES
    ${optionalString p.restartOnRelease ''
      { read -r HOSTENV_RELEASE; read -r HOSTENV_REVISION; } < ./release
      export HOSTENV_RELEASE HOSTENV_REVISION
    ''}${optionalString (p.resources.memory != null) ''
      # Of each process by itself; never more than the operator allows.
      ulimit -d ${toString (shell.bytes p.resources.memory / 1024)} 2>/dev/null || :
    ''}${start p}'';

  start = p:
    if p.schedule != null then
      scheduler p
    else if p.listen.activation then
      ''
        ${waitReady p}exec 4>&-
        exec ${lib.getExe' pkgs.s6 "s6-ipcserver-socketbinder"} -- ${shell.word p.listen.socket} ${tools.shell} -c '
          exec 3<&0 </dev/null
          export LISTEN_FDS=1 LISTEN_PID=$$
          exec ${out}/run'
      ''
    else
      ''
        ${waitReady p}exec ${out}/run${optionalString (program.patience p != 0) " 4>&-"}
      '';

  # Twice in the background: the process has no child that it does not know of. It ends with the group.
  waitReady = p: optionalString (program.patience p != 0) ''
    (sh -c '${out}/ready && echo >&4' &)
  '';

  scheduler = p: ''
    ${tools.path [ pkgs.coreutils pkgs.gawk ]}
    calendar=${calendarProgram}
    ${lib.concatMapStrings (field: "${field}='${(calendar.parse p.schedule).${field}}'\n") calendar.fields}signal=${p.stopSignal}
    job=${out}/run
    ${builtins.readFile ./scheduler.sh}'';
  calendarProgram = pkgs.writeText "next-time.awk" (builtins.readFile ./next-time.awk);

  # finish gets the exit code (256 for a signal) first. s6 gives each process a session of its own: what it left behind in its
  # group would keep sockets and the log's pipe open. s6 before 2.12 does not tell the group. 125 means: do not start again.
  finish = p: ''
    ${tools.shebang}
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
      }.${supervision p}
    }
  '';

  # A scheduler is kept up, whatever comes of its runs.
  supervision = p: if p.schedule == null then p.restart else "always";

  # Output goes to files of bounded number and size, each line with its time. The operator's limits arrive as variables.
  log = name: ''
    ${tools.shebang}
    mkdir -p "$HOSTENV_STATE_DIR/log/${name}" || exit 111
    exec ${lib.getExe' pkgs.s6 "s6-log"} "n''${HOSTENV_LOG_FILES:-5}" "s''${HOSTENV_LOG_BYTES:-1000000}" T "$HOSTENV_STATE_DIR/log/${name}"
  '';
in
{
  inherit supervision;

  files = name: p:
    {
      "s6/run" = run p;
      "s6/finish" = finish p;
      "s6/log/run" = log name;
    }
    // lib.optionalAttrs (program.patience p != 0) { "s6/notification-fd" = "4\n"; };
}
