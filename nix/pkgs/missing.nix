# What is said where a package is asked for whose program the host does not have.
name: program: throw "pkgs.${name}: this host has no program `${program}'; its operator can install it, or provide nixpkgs"
