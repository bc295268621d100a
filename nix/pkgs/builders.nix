# The trivial builders, with nixpkgs' signatures. Builds run under the host's bash where it is visible, else under /bin/sh.
{ lib, site }:
let
  shell = (site.hostPrograms or { }).bash or "/usr/bin/bash";
  start = builtins.toFile "start.sh" ''
    if [ -x /usr/bin/bash ] && [ -z "$HOSTENV_BUILD_SHELL" ]; then
      HOSTENV_BUILD_SHELL=bash exec /usr/bin/bash "$0"
    fi
    unset HOSTENV_BUILD_SHELL
    export PATH=/usr/bin:/bin HOME=/homeless-shelter
    for input in $nativeBuildInputs $buildInputs; do PATH=$input/bin:$PATH; done
    set -e
    if [ -n "$buildCommandPath" ]; then . "$buildCommandPath"; else eval "$buildCommand"; fi
  '';

  make = name: attrs: buildCommand:
    let
      drv = derivation (
        removeAttrs attrs [ "meta" "passthru" ]
        // {
          inherit name buildCommand;
          inherit (site) system;
          builder = "/bin/sh";
          args = [ start ];
          passAsFile = [ "buildCommand" ] ++ attrs.passAsFile or [ ];
          preferLocalBuild = true;
        }
      );
    in
    drv // { meta = attrs.meta or { }; passthru = attrs.passthru or { }; } // attrs.passthru or { };

  link = force: ''
    mkdir -p $out
    for path in $paths; do
      for sub in $pathsToLink; do
        [ -d "$path$sub" ] || continue
        mkdir -p "$out$sub"
        (cd "$path$sub" && find . -type d) | while read -r dir; do mkdir -p "$out$sub/$dir"; done
        (cd "$path$sub" && find . ! -type d) | while read -r file; do
          if [ -e "$out$sub/$file" ] || [ -L "$out$sub/$file" ]; then
            [ -n "${if force then "1" else ""}$ignoreCollisions" ] || { echo "both have $sub/$file: $path and $(readlink "$out$sub/$file")" >&2; exit 1; }
          else
            ln -s "$(realpath -s "$path$sub/$file")" "$out$sub/$file"
          fi
        done
      done
    done
    eval "$postBuild"
  '';

  writeTextFile =
    { name, text, executable ? false, destination ? "", checkPhase ? "", meta ? { }, passthru ? { }, ... }:
    make name
      { inherit text executable destination checkPhase meta passthru; passAsFile = [ "text" ]; }
      ''
        target=$out$destination
        mkdir -p "$(dirname "$target")"
        cp "$textPath" "$target"
        [ -z "$executable" ] || chmod +x "$target"
        eval "$checkPhase"
      '';
in
rec {
  inherit writeTextFile;
  runtimeShell = shell;
  runCommand = name: attrs: make name ({ nativeBuildInputs = [ ]; buildInputs = [ ]; } // attrs);
  runCommandLocal = runCommand;
  runCommandNoCC = runCommand;
  writeText = name: text: writeTextFile { inherit name text; };
  writeTextDir = path: text: writeTextFile { name = baseNameOf path; inherit text; destination = "/${path}"; };
  writeScript = name: text: writeTextFile { inherit name text; executable = true; };
  writeScriptBin = name: text: writeTextFile { inherit name text; executable = true; destination = "/bin/${name}"; meta.mainProgram = name; };
  writeShellScript = name: text: writeScript name "#!${shell}\n${text}";
  writeShellScriptBin = name: text: writeScriptBin name "#!${shell}\n${text}";
  symlinkJoin =
    { name, paths, postBuild ? "", meta ? { }, passthru ? { }, ... }:
    make name { inherit paths postBuild meta passthru; pathsToLink = [ "/" ]; ignoreCollisions = true; } (link true);
  buildEnv =
    { name, paths, pathsToLink ? [ "/" ], postBuild ? "", ignoreCollisions ? false, meta ? { }, passthru ? { }, ... }:
    make name { inherit paths pathsToLink postBuild ignoreCollisions meta passthru; } (link false);
  linkFarm = name: entries:
    let
      list =
        if builtins.isList entries then entries else lib.mapAttrsToList (name: path: { inherit name path; }) entries;
    in
    make name { } (
      "mkdir -p $out\n"
      + lib.concatMapStrings (e: ''
        mkdir -p "$(dirname "$out"/${lib.escapeShellArg e.name})"
        ln -s ${lib.escapeShellArg "${e.path}"} "$out"/${lib.escapeShellArg e.name}
      '') list
    );

  # Enough of stdenv for a source, phases given as text, and an install step.
  stdenv = {
    mkDerivation =
      attrs:
      let
        name = attrs.name or "${attrs.pname}-${attrs.version}";
        phase = phase: default: attrs.${phase} or default;
      in
      make name ({ nativeBuildInputs = [ ]; buildInputs = [ ]; } // attrs) (
        attrs.buildCommand or ''
          ${lib.optionalString (attrs ? src) ''
            if [ -d "$src" ]; then cp -r --no-preserve=ownership "$src" source; chmod -R u+w source; cd source
            else tar -xf "$src"; cd "$(ls -d */ | head -n 1)"; fi
          ''}
          ${phase "patchPhase" ""}
          ${phase "configurePhase" ""}
          ${phase "buildPhase" "if [ -e Makefile ]; then make; fi"}
          ${phase "installPhase" "if [ -e Makefile ]; then make install PREFIX=$out; fi"}
        ''
      );
  };
  stdenvNoCC = stdenv;
}
