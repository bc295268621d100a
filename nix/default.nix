# The library as plain Nix: `receive` for the receiver, `lib` and `hostPkgs` for whoever wants the parts.
{
  receive = import ./receive.nix;
  lib = import ./lib;
  hostPkgs = import ./pkgs;
  module = ./core;
}
