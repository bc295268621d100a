# The small library that modules get as `lib` where no nixpkgs is provided: nixpkgs' names and signatures, only what is
# needed so far. Modules written against it work unchanged with nixpkgs' own `lib`.
let
  call = file: import file lib;
  lib =
    trivial
    // attrsets
    // lists
    // strings
    // options
    // modules
    // {
      inherit trivial attrsets lists strings options modules;
      types = call ./types.nix;
    };
  trivial = call ./trivial.nix;
  attrsets = call ./attrsets.nix;
  lists = call ./lists.nix;
  strings = call ./strings.nix;
  options = call ./options.nix;
  modules = call ./properties.nix // call ./modules.nix // call ./definitions.nix;
in
lib
