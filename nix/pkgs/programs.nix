# Host programs as packages: each is a bin/ of links to where the operator's machine has them (`site.hostPrograms`).
{ lib, site, builders }:
let
  # What the library itself needs is where every supported system has it, even if the operator lists no programs.
  host = builtins.mapAttrs (program: _: "/usr/bin/${program}") { bash = 1; env = 1; grep = 1; sed = 1; s6-svscan = 1; } // site.hostPrograms or { };

  missing = import ./missing.nix;
  package = name: main: programs:
    let
      present = builtins.filter (p: host ? ${p}) programs;
    in
    if !(host ? ${main}) then
      missing name main
    else
      builders.runCommand name
        {
          links = map (p: "${p}=${host.${p}}") present;
          # Programs that come in one directory with the main one and need not be listed one by one.
          directory = builtins.dirOf host.${main};
          siblings = builtins.filter (p: !(host ? ${p})) programs;
          meta.mainProgram = main;
        }
        ''
          mkdir -p $out/bin
          for link in $links; do ln -s "''${link#*=}" "$out/bin/''${link%%=*}"; done
          for name in $siblings; do
            [ ! -x "$directory/$name" ] || ln -s "$directory/$name" "$out/bin/$name"
          done
        '';

  known = import ./known.nix;
in
builtins.mapAttrs (program: _: package program program [ program ]) host
// builtins.mapAttrs (name: programs: package name (builtins.head programs) programs) known
// import ./php.nix { inherit lib host builders; }
