# From one process record to systemd user units (systemd.service(5), systemd.timer(5), systemd.socket(5)). A record in, files
# (name -> text) out. What is known at run time only (variables, socket paths) is in drop-ins that the manager writes.
{ lib, pkgs }:
let
  shell = import ./shell.nix { inherit lib; };
  tools = import ./tools.nix { inherit lib pkgs; };
  program = import ./program.nix { inherit lib pkgs; };
  out = builtins.placeholder "out";
  inherit (lib) concatMapStrings optionalString;
  unit = name: "hostenv-${name}";

  limits = r:
    optionalString (r.memory != null) "MemoryMax=${toString (shell.bytes r.memory)}\n"
    + optionalString (r.cpu != null) "CPUQuota=${percent r.cpu}\n"
    + optionalString (r.tasks != null) "TasksMax=${toString r.tasks}\n";
  # Cores to percent: 2 -> 200%, "0.5" -> 50%.
  percent = cpu:
    let
      parts = builtins.match "([0-9]+)([.]([0-9]{1,2}))?" (toString cpu);
      fraction = builtins.elemAt parts 2;
      hundredths = if fraction == null then "00" else if builtins.stringLength fraction == 1 then "${fraction}0" else fraction;
      digits = builtins.head (builtins.match "0*([0-9]+)" "${builtins.head parts}${hundredths}");
    in
    if lib.hasSuffix "%" (toString cpu) then cpu else "${digits}%";

  service = name: p: ''
    [Unit]
    Description=${name}
    ${concatMapStrings (other: "After=${unit other}.service\n") p.after}StartLimitIntervalSec=0

    [Service]
    Type=exec
    Slice=hostenv.slice
    EnvironmentFile=%E/hostenv/environment
    ${optionalString p.restartOnRelease "EnvironmentFile=%E/hostenv/release\n"}ExecStart=${out}/run
    ${optionalString (program.patience p != 0) ''
      ExecStartPost=${out}/ready $MAINPID
      TimeoutStartSec=${toString (program.patience p)}
    ''}${optionalString (p.reload != null) "ExecReload=${tools.shell} -c 'kill -s ${p.reload.signal} $MAINPID'\n"}Restart=${
      if p.schedule != null then "no" else { always = "always"; on-failure = "on-failure"; never = "no"; }.${p.restart}
    }
    RestartSec=1
    KillMode=mixed
    KillSignal=SIG${p.stopSignal}
    TimeoutStopSec=${toString p.stopTimeout}
    SyslogIdentifier=${name}
    ${limits p.resources}'';

  timer = name: p: ''
    [Unit]
    Description=When ${name} runs

    [Timer]
    OnCalendar=${p.schedule}
    AccuracySec=1s
  '';

  socket = name: ''
    [Unit]
    Description=Socket of ${name}

    [Socket]
    SocketMode=0600
    DirectoryMode=0700
    FlushPending=no
  '';
in
{
  files = name: p:
    { "systemd/${unit name}.service" = service name p; }
    // lib.optionalAttrs (p.schedule != null) { "systemd/${unit name}.timer" = timer name p; }
    // lib.optionalAttrs p.listen.activation { "systemd/${unit name}.socket" = socket name; };

  slice = resources: ''
    [Unit]
    Description=Everything of this environment

    [Slice]
    ${limits resources}'';
}
