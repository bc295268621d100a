# The small library that modules get as `lib` where no nixpkgs is provided: nixpkgs' names, signatures and answers, and of those the
# ones that docs/reference/lib.md lists. No name is offered that nixpkgs does not have: what works with this works with that.
let
  call = file: import file everything;
  trivial = call ./trivial.nix;
  fixedPoints = call ./fixed-points.nix;
  attrsets = call ./attrsets.nix;
  lists = call ./lists.nix;
  strings = call ./strings.nix;
  options = call ./options.nix // { inherit (reference) optionAttrSetToDocList optionAttrSetToDocList' renderOptionValue; };
  modules = call ./properties.nix // call ./definitions.nix // call ./collect.nix // call ./modules.nix // {
    inherit (renames)
      doRename mkAliasOptionModule mkChangedOptionModule mkMergedOptionModule mkRemovedOptionModule mkRenamedOptionModule
      mkRenamedOptionModuleWith;
  };
  types = call ./types.nix;
  # These are read only where something of them is used.
  reference = call ./reference.nix;
  renames = call ./renames.nix;
  generators = call ./generators.nix;
  meta = call ./meta.nix;
  sources = call ./sources.nix;
  filesystem = call ./filesystem.nix;
  cli = call ./cli.nix;
  inherit (call ./debug.nix) asserts debug;
  versions = {
    inherit (builtins) compareVersions splitVersion;
    major = version: builtins.elemAt (builtins.splitVersion version) 0;
    minor = version: builtins.elemAt (builtins.splitVersion version) 1;
    patch = version: builtins.elemAt (builtins.splitVersion version) 2;
    majorMinor = version: builtins.concatStringsSep "." (lists.take 2 (builtins.splitVersion version));
  };

  # What the files of this folder use.
  everything = trivial // fixedPoints // attrsets // lists // strings // options // modules // {
    inherit trivial fixedPoints attrsets lists strings options modules types generators meta sources filesystem cli asserts debug versions;
    inherit (builtins)
      addErrorContext appendContext baseNameOf dirOf fromJSON fromTOML getContext hasContext hashFile hashString isPath parseDrvName
      placeholder readDir splitVersion toFile toJSON toString toXML trace tryEval unsafeDiscardStringContext unsafeGetAttrPos;
    inherit (lists) replicate;
    inherit (types) mkOptionType defaultFunctor defaultTypeMerge;
    inherit (meta) addMetaAttrs getExe getExe' setName;
    inherit (sources) cleanSource cleanSourceFilter cleanSourceWith filterSource sourceByRegex sourceFilesBySuffices;
    inherit (filesystem) pathIsDirectory pathIsRegularFile pathType;
    inherit (asserts) assertMsg assertOneOf;
    inherit (debug) traceIf traceSeq traceVal traceValFn traceValSeq traceValSeqFn;
    isType = name: x: x._type or "" == name;
    setType = name: x: x // { _type = name; };
    isOptionType = everything.isType "option-type";
    inherit offered;
  };

  # What modules get: nixpkgs has the rest only in its parts, or not at all.
  ownModules = [
    "collectModules" "declaredOnce" "evalPrepared" "finalDefinitions" "isConstantModule" "mergeDeclarations" "mergeWithDefault" "optionOf" "prepareModules"
    "valueOf" "withDefault"
  ];
  offered = removeAttrs everything (
    ownModules
    ++ [
      "commonPrefix" "defaultOrderPriority" "defaultOverridePriority" "escapeNixIdentifier" "escapeNixString" "evalOptionValue"
      "filterOverrides'" "findFirstIndex" "floatToString" "importApply" "isConvertibleWithToString" "levenshtein" "mapDefinitionValue"
      "mkAliasAndWrapDefsWithPriority" "offered" "renderOptionValue" "sanitizeDerivationName" "showDefs" "storeDir"
    ]
  ) // {
    modules = removeAttrs modules ownModules;
    types = removeAttrs types [ "lookingIn" "phrase" ];
    extend = overlay: fixedPoints.fix (fixedPoints.extends overlay (_: offered));
  };
in
offered
