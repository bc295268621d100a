# Functions about attribute sets, with nixpkgs' signatures.
lib:
let
  inherit (builtins) attrNames attrValues catAttrs concatMap elemAt filter foldl' isAttrs length listToAttrs mapAttrs zipAttrsWith;
in
rec {
  inherit (builtins) attrNames attrValues catAttrs getAttr hasAttr intersectAttrs isAttrs listToAttrs mapAttrs removeAttrs zipAttrsWith;
  nameValuePair = name: value: { inherit name value; };
  mapAttrsToList = f: set: attrValues (mapAttrs f set);
  attrsToList = mapAttrsToList nameValuePair;
  mapAttrs' = f: set: listToAttrs (mapAttrsToList f set);
  concatMapAttrs = f: set: mergeAttrsList (mapAttrsToList f set);
  filterAttrs = keep: set: removeAttrs set (filter (name: !(keep name set.${name})) (attrNames set));
  filterAttrsRecursive = keep: set:
    mapAttrs (_: value: if isAttrs value then filterAttrsRecursive keep value else value) (filterAttrs keep set);
  genAttrs = names: f: genAttrs' names (name: nameValuePair name (f name));
  genAttrs' = xs: f: listToAttrs (map f xs);
  getAttrs = names: set: genAttrs names (name: set.${name});
  attrVals = names: set: map (name: set.${name}) names;
  optionalAttrs = condition: set: if condition then set else { };
  mergeAttrsList = foldl' (a: b: a // b) { };
  zipAttrs = zipAttrsWith (_: values: values);
  zipAttrsWithNames = names: f: sets: genAttrs names (name: f name (catAttrs name sets));
  foldlAttrs = f: start: set: foldl' (sum: name: f sum name set.${name}) start (attrNames set);
  foldAttrs = op: start: sets: mapAttrs (_: lib.foldr op start) (zipAttrs sets);
  overrideExisting = old: new: old // builtins.intersectAttrs old new;
  matchAttrs = pattern: set:
    builtins.all (
      name:
      set ? ${name}
      && (if isAttrs pattern.${name} then isAttrs set.${name} && matchAttrs pattern.${name} set.${name} else pattern.${name} == set.${name})
    ) (attrNames pattern);
  collect = wanted: x:
    if wanted x then [ x ] else if isAttrs x then concatMap (collect wanted) (attrValues x) else [ ];
  cartesianProduct = lists:
    foldl' (sets: name: concatMap (set: map (x: set // { ${name} = x; }) lists.${name}) sets) [ { } ] (attrNames lists);
  mapCartesianProduct = f: lists: map f (cartesianProduct lists);

  # A path is a list of names.
  hasAttrByPath = path: set:
    path == [ ] || (set ? ${builtins.head path} && hasAttrByPath (builtins.tail path) set.${builtins.head path});
  attrByPath = path: default: set:
    if path == [ ] then
      set
    else if set ? ${builtins.head path} then
      attrByPath (builtins.tail path) default set.${builtins.head path}
    else
      default;
  getAttrFromPath = path: attrByPath path (abort "cannot find attribute '${builtins.concatStringsSep "." path}'");
  setAttrByPath = path: value: lib.foldr (name: inner: { ${name} = inner; }) value path;
  showAttrPath = path: if path == [ ] then "<root attribute path>" else lib.concatMapStringsSep "." lib.escapeNixIdentifier path;
  mapAttrsRecursive = mapAttrsRecursiveCond (_: true);
  mapAttrsRecursiveCond = into: f:
    let
      below = path: mapAttrs (
        name: value: let here = path ++ [ name ]; in if isAttrs value && into value then below here value else f here value
      );
    in
    below [ ];
  mapAttrsToListRecursive = mapAttrsToListRecursiveCond (_: _: true);
  mapAttrsToListRecursiveCond = into: f:
    let
      below = path: set: concatMap (
        name:
        let
          here = path ++ [ name ];
          value = set.${name};
        in
        if isAttrs value && into here value then below here value else [ (f here value) ]
      ) (attrNames set);
    in
    below [ ];

  # The second set over the first, and the same inside of both; `until` says of two values where to stop.
  recursiveUpdateUntil = until: left: right:
    let
      both = path: zipAttrsWith (
        name: values:
        let here = path ++ [ name ]; in
        if length values == 1 || until here (elemAt values 0) (elemAt values 1) then lib.last values else both here values
      );
    in
    both [ ] [ left right ];
  recursiveUpdate = recursiveUpdateUntil (_: a: b: !(isAttrs a && isAttrs b));

  isDerivation = x: x.type or null == "derivation";
  # A store path as a set that is used like a package.
  toDerivation = path:
    let
      outPath = builtins.storePath path;
      out = {
        type = "derivation";
        name = lib.sanitizeDerivationName (builtins.substring 33 (-1) (baseNameOf outPath));
        inherit outPath out;
        outputs = [ "out" ];
        outputName = "out";
      };
    in
    out;
  getOutput = output: package: if package.outputSpecified or false then package else package.${output} or package.out or package;
  getFirstOutput = outputs: package:
    let found = filter (output: package ? ${output}) outputs; in
    if package.outputSpecified or false || found == [ ] then package else package.${builtins.head found};
  getBin = getOutput "bin";
  getLib = getOutput "lib";
  getDev = getOutput "dev";
  getMan = getOutput "man";
  getStatic = getFirstOutput [ "static" "lib" "out" ];
  getInclude = getFirstOutput [ "include" "dev" "out" ];
  recurseIntoAttrs = set: set // { recurseForDerivations = true; };
  dontRecurseIntoAttrs = set: set // { recurseForDerivations = false; };
}
