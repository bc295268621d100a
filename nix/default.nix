# The library as plain Nix: `mkProject` for a project's flake, `receive` and `receiveFlake` for the receiver, `lib`, `hostPkgs` and
# `module` for whoever wants the parts. As a flake's input `site` (`--override-input site path:…`) it stands in for an operator.
rec {
  mkProject = import ./flake/mk-project.nix;
  receive = import ./receive.nix;
  receiveFlake = import ./receive-flake.nix;
  lib = import ./lib;
  hostPkgs = import ./pkgs;
  module = ./core;
  library = { inherit mkProject; };
}
