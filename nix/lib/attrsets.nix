# Functions about attribute sets, with nixpkgs' signatures.
lib: {
  inherit (builtins) attrNames attrValues mapAttrs removeAttrs hasAttr getAttr listToAttrs intersectAttrs catAttrs zipAttrsWith;
  nameValuePair = name: value: { inherit name value; };
  mapAttrs' = f: set: builtins.listToAttrs (map (name: f name set.${name}) (builtins.attrNames set));
  mapAttrsToList = f: set: map (name: f name set.${name}) (builtins.attrNames set);
  filterAttrs = keep: set:
    builtins.listToAttrs (
      builtins.concatMap (name: if keep name set.${name} then [ (lib.nameValuePair name set.${name}) ] else [ ]) (
        builtins.attrNames set
      )
    );
  concatMapAttrs = f: set: builtins.foldl' (a: b: a // b) { } (lib.mapAttrsToList f set);
  genAttrs = names: f: builtins.listToAttrs (map (name: lib.nameValuePair name (f name)) names);
  optionalAttrs = condition: set: if condition then set else { };
  mergeAttrsList = builtins.foldl' (a: b: a // b) { };
  attrByPath = path: default: set:
    if path == [ ] then
      set
    else if builtins.isAttrs set && set ? ${builtins.head path} then
      lib.attrByPath (builtins.tail path) default set.${builtins.head path}
    else
      default;
  hasAttrByPath = path: set:
    path == [ ]
    || (
      builtins.isAttrs set
      && set ? ${builtins.head path}
      && lib.hasAttrByPath (builtins.tail path) set.${builtins.head path}
    );
  getAttrFromPath = path: set:
    lib.attrByPath path (throw "cannot find attribute `${builtins.concatStringsSep "." path}'") set;
  setAttrByPath = path: value:
    if path == [ ] then value else { ${builtins.head path} = lib.setAttrByPath (builtins.tail path) value; };
  recursiveUpdate = a: b:
    a
    // builtins.mapAttrs (
      name: value:
      if builtins.isAttrs value && builtins.isAttrs (a.${name} or null) && !(lib.isDerivation value) then
        lib.recursiveUpdate a.${name} value
      else
        value
    ) b;
  isDerivation = x: builtins.isAttrs x && (x.type or null) == "derivation";
}
