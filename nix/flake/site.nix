# What a project's flake gets for its input `site`: the operator's record with the library, and a file that says the same to
# `import`. Paths get their context back there: without it Nix does not find them in a private store.
{ site, library }:
let
  known = path: ''builtins.appendContext "${path}" { "${path}".path = true; }'';
  quoted = text: builtins.replaceStrings [ "\${" ] [ "\\\${" ] (builtins.toJSON text);
  plain = builtins.toJSON (removeAttrs site [ "packages" ]);
in
site
// {
  library = import library;
  outPath = builtins.toFile "default.nix" ''
    builtins.fromJSON ${quoted plain} // {
      packages = ${if site.packages == null then "null" else known site.packages};
      library = import (${known library});
    }
  '';
}
