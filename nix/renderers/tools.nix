# Where the scripts of processes find programs: with nixpkgs in the store; else where every host has them.
{ lib, pkgs }:
rec {
  hostOnly = pkgs ? posixShell;
  shell = pkgs.posixShell or pkgs.runtimeShell;
  shebang = "#!${shell}";
  # A program by its place, for scripts that leave PATH alone.
  program = package: name: if hostOnly then name else "${lib.getBin package}/bin/${name}";
  # Text that puts programs first on PATH, only for the lines that follow.
  path = packages: if hostOnly then "PATH=\${PATH:+$PATH:}/usr/bin:/usr/sbin:/bin" else "PATH=${lib.makeBinPath packages}:\${PATH:-/usr/bin:/bin}";
}
