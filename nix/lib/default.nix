# The small library that modules get as `lib` where no nixpkgs is provided: nixpkgs' names, signatures and answers, and of those the
# ones that docs/reference/lib.md lists. Modules written against it work unchanged with nixpkgs' own `lib`.
let
  call = file: import file lib;
  trivial = call ./trivial.nix;
  attrsets = call ./attrsets.nix;
  lists = call ./lists.nix;
  strings = call ./strings.nix;
  options = call ./options.nix;
  modules = call ./properties.nix // call ./definitions.nix // call ./collect.nix // call ./modules.nix // call ./renames.nix;
  types = call ./types.nix;
  # Read only where something of it is used.
  generators = call ./generators.nix;
  meta = call ./meta.nix;
  cli = call ./cli.nix;

  lib = trivial // attrsets // lists // strings // options // modules // {
    inherit trivial attrsets lists strings options modules types generators meta cli;
    inherit (types) mkOptionType defaultFunctor defaultTypeMerge;
    inherit (meta)
      addMetaAttrs cleanSource cleanSourceFilter cleanSourceWith filterSource getExe getExe' pathIsDirectory pathIsRegularFile pathType
      setName sourceByRegex sourceFilesBySuffices;
    inherit (lists) replicate;
    isType = name: x: x._type or "" == name;
    setType = name: x: x // { _type = name; };
    isOptionType = lib.isType "option-type";
    # Where nixpkgs has these besides.
    asserts = { inherit (trivial) assertMsg assertOneOf; };
    fixedPoints = { inherit (trivial) composeExtensions composeManyExtensions converge extends fix makeExtensible; };
    sources = { inherit (meta) cleanSource cleanSourceFilter cleanSourceWith sourceByRegex sourceFilesBySuffices; };
    filesystem = { inherit (meta) pathIsDirectory pathIsRegularFile pathType; };
    debug = { inherit (trivial) traceIf traceSeq traceVal traceValFn traceValSeq traceValSeqFn; };
    versions = {
      inherit (strings) splitVersion;
      major = version: builtins.elemAt (builtins.splitVersion version) 0;
      minor = version: builtins.elemAt (builtins.splitVersion version) 1;
      patch = version: builtins.elemAt (builtins.splitVersion version) 2;
      majorMinor = version: builtins.concatStringsSep "." (lists.take 2 (builtins.splitVersion version));
    };
  };
in
lib
