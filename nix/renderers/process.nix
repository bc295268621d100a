# One process as one derivation: what is started, and its definition for each manager. Its path is the identity of the process:
# what does not change it restarts nothing.
{ lib, pkgs }:
let
  program = import ./program.nix { inherit lib pkgs; };
  s6 = import ./s6.nix { inherit lib pkgs; };
  systemd = import ./systemd.nix { inherit lib pkgs; };
in
name: p:
let
  files = program.files name p // s6.files name p // systemd.files name p;
  paths = builtins.attrNames files;
  variable = n: "file${toString n}";
in
pkgs.runCommand "process-${name}"
  (
    {
      targets = lib.imap0 (n: path: "${variable n}=${path}") paths;
      passAsFile = lib.imap0 (n: _: variable n) paths;
    }
    // builtins.listToAttrs (lib.imap0 (n: path: lib.nameValuePair (variable n) files.${path}) paths)
  )
  ''
    for target in $targets; do
      path=$out/''${target#*=}
      mkdir -p "$(dirname "$path")"
      eval "cp \"\$''${target%%=*}Path\" \"\$path\""
      read -r first < "$path" || :
      case $first in '#!'*) chmod +x "$path" ;; esac
    done
  ''
