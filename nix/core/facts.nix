# Facts of the environment that is being evaluated. Using one in a process or file gives that environment a package of its
# own; the HOSTENV_* variables say the same at run time and leave the package shared.
{ lib, ... }:
let
  fact = description: lib.mkOption { type = lib.types.str; inherit description; };
in
{
  options.hostenv = import ./fact-options.nix { inherit fact; } // {
    root = lib.mkOption { type = lib.types.path; description = "The project's tree, as it was pushed."; };
  };
}
