# A small package set of the host's own programs, for machines without nixpkgs: nixpkgs' names and signatures.
{ site, lib ? import ../lib }:
let
  builders = import ./builders.nix { inherit lib site; };
  programs = import ./programs.nix { inherit lib site builders; };
in
programs
// builders
// {
  inherit lib;
  inherit (site) system;
  # What the library itself writes is plain POSIX shell, and /bin/sh starts sooner than bash.
  posixShell = "/bin/sh";
}
