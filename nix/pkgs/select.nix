# Which `lib` and `pkgs` modules get: those of the nixpkgs that `site.packages` names, else the small ones of this library.
# A source tree with only `lib/` (nixpkgs.lib) gives its `lib` and the host's tools.
{ site }:
let
  source = site.packages or null;
  has = path: source != null && builtins.pathExists (source + path);
  own = import ../lib;
in
if has "/pkgs/top-level" then
  rec {
    pkgs = import source { inherit (site) system; config = { }; overlays = [ ]; };
    inherit (pkgs) lib;
  }
else
  rec {
    lib = if has "/lib/default.nix" then import (source + "/lib") else own;
    pkgs = import ./default.nix { inherit site lib; };
  }
