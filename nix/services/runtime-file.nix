# A configuration file with paths that are only known at run time: `$HOSTENV_…` in its text means what it means in a process's
# command. The text is part of the process's `preStart`, which writes it anew at each start: a changed file is a changed process.
{ lib }:
let
  shell = import ../renderers/shell.nix { inherit lib; };
  directory = "$HOSTENV_RUNTIME_DIR/conf";
in
name: text: rec {
  inherit directory;
  path = "${directory}/${name}";
  # One line of `preStart`; `directory` must be among the process's `directories`.
  write = "printf '%s' ${shell.word text} > ${shell.word path}\n";
}
