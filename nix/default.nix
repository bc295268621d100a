# The library as plain Nix: `receive` for the receiver, `flake` for a project's own flake, `lib` and `hostPkgs` for whoever
# wants the parts.
{
  receive = import ./receive.nix;
  receiveFlake = import ./receive-flake.nix;
  flake = import ./flake/outputs.nix;
  lib = import ./lib;
  hostPkgs = import ./pkgs;
  module = ./core;
}
