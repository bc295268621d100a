# Types made of other types: lists, sets, choices, conversions, functions.
lib:
let
  inherit (builtins) all any attrNames concatLists elem elemAt filter head isAttrs isList length mapAttrs zipAttrsWith;
  inherit (lib) mergeDefinitions showFiles showOption types;
  inherit (types) mkOptionType defaultFunctor;

  # A type's description inside of another's, in parentheses unless it is one of these kinds of phrase.
  phrase = classes: type: if elem (type.descriptionClass or null) classes then type.description else "(${type.description})";
  # Checks of types that look into their values; `type // { check = …; }` would lose the marker.
  checkIn = check: { __functor = _: check; checkIn = true; };
  lookingIn = type: mkOptionType (type // { check = checkIn type.check; }) // { checkIn = true; };

  # What a type that holds one other type says of it.
  around = name: make: elemType: {
    inherit (elemType) getSubModules;
    substSubModules = modules: make (elemType.substSubModules modules);
    functor = defaultFunctor name // {
      payload = { inherit elemType; };
      type = payload: make payload.elemType;
      binOp = a: b: let both = a.elemType.typeMerge b.elemType.functor; in if both == null then null else { elemType = both; };
    };
    nestedTypes = { inherit elemType; };
  };
  mergeAs = type: loc: defs: (mergeDefinitions loc type defs).mergedValue;
in
rec {
  inherit phrase lookingIn;
  listOf = elemType:
    lookingIn (
      around "listOf" listOf elemType
      // {
        name = "listOf";
        description = "list of ${phrase [ "noun" "composite" ] elemType}";
        descriptionClass = "composite";
        check = isList;
        emptyValue.value = [ ];
        getSubOptions = prefix: elemType.getSubOptions (prefix ++ [ "*" ]);
        merge = loc: defs:
          let
            entry = d: def: e: value:
              mergeDefinitions (loc ++ [ "[definition ${toString d}-entry ${toString e}]" ]) elemType [ { inherit (def) file; inherit value; } ];
            entries = concatLists (lib.imap1 (d: def: lib.imap1 (entry d def) def.value) defs);
          in
          map (m: m.mergedValue) (filter (m: m.isDefined) entries);
      }
    );
  nonEmptyListOf = elemType:
    let list = addCheck (listOf elemType) (xs: xs != [ ]); in
    list
    // {
      description = "non-empty ${phrase [ "noun" ] list}";
      emptyValue = { };
      substSubModules = modules: nonEmptyListOf (elemType.substSubModules modules);
    };

  attrsOf = elemType: attrsWith { inherit elemType; };
  # Does not look at its values to tell which there are: `mkIf false` leaves a name whose value is an error.
  lazyAttrsOf = elemType: attrsWith { inherit elemType; lazy = true; };
  attrsWith = { elemType, lazy ? false, placeholder ? "name" }@args:
    let
      generic = around "attrsWith" (elemType: attrsWith (args // { inherit elemType; })) elemType;
      kind = if lazy then "lazy attribute set" else "attribute set";
    in
    lookingIn (
      generic
      // {
        name = if lazy then "lazyAttrsOf" else "attrsOf";
        description = "${kind} of ${phrase [ "noun" "composite" ] elemType}";
        descriptionClass = "composite";
        check = isAttrs;
        emptyValue.value = { };
        getSubOptions = prefix: elemType.getSubOptions (prefix ++ [ "<${placeholder}>" ]);
        merge = loc: defs:
          let
            placed = map (def: mapAttrs (_: value: { inherit (def) file; inherit value; }) def.value) defs;
            named = zipAttrsWith (name: mergeDefinitions (loc ++ [ name ]) elemType) placed;
            unset = filter (name: !named.${name}.isDefined) (attrNames named);
          in
          mapAttrs (_: m: m.mergedValue) (if lazy then named else removeAttrs named unset);
        functor = generic.functor // {
          payload = { inherit elemType lazy placeholder; };
          type = attrsWith;
          binOp = a: b:
            let
              both = generic.functor.binOp a b;
              placeholders = filter (p: p != "name") (lib.unique [ a.placeholder b.placeholder ]);
            in
            if both == null || a.lazy != b.lazy || length placeholders > 1 then
              null
            else
              both // { inherit (a) lazy; placeholder = if placeholders == [ ] then "name" else head placeholders; };
        };
      }
    );

  nullOr = elemType:
    mkOptionType (
      around "nullOr" nullOr elemType
      // {
        name = "nullOr";
        description = "null or ${phrase [ "noun" "conjunction" ] elemType}";
        descriptionClass = "conjunction";
        check = x: x == null || elemType.check x;
        emptyValue.value = null;
        inherit (elemType) getSubOptions;
        merge = loc: defs:
          if all (def: def.value == null) defs then
            null
          else if any (def: def.value == null) defs then
            throw "The option `${showOption loc}` is defined both null and not null, in ${showFiles (lib.getFiles defs)}."
          else
            elemType.merge loc defs;
      }
    );

  either = a: b:
    let
      loose = [ "noun" "conjunction" ];
      functor = defaultFunctor "either" // { payload.elemType = [ a b ]; };
    in
    lookingIn {
      name = "either";
      description =
        if a.descriptionClass or null == "nonRestrictiveClause" then
          "${a.description}, or ${phrase loose b}"
        else
          "${phrase loose a} or ${phrase (loose ++ [ "composite" ]) b}";
      descriptionClass = "conjunction";
      check = x: a.check x || b.check x;
      merge = loc: defs:
        let fits = type: all (def: type.check def.value) defs; in
        if fits a then
          a.merge loc defs
        else if fits b then
          b.merge loc defs
        else
          # Only where nobody checked before, as in a free form.
          lib.warn "The option `${showOption loc}' is neither a value of type `${a.description}' nor `${b.description}': in a `freeformType', put `types.attrsOf' around the `either'." (
            lib.mergeOneOption loc defs
          );
      inherit functor;
      typeMerge = other:
        let
          left = a.typeMerge (head other.payload.elemType).functor;
          right = b.typeMerge (elemAt other.payload.elemType 1).functor;
        in
        if other.name != "either" || left == null || right == null then null else either left right;
      nestedTypes = { left = a; right = b; };
    };
  oneOf = list:
    if list == [ ] then throw "types.oneOf needs to get at least one type in its argument" else builtins.foldl' either (head list) (builtins.tail list);

  # Takes values of `from` as well, and makes values of `to` of them.
  coercedTo = from: convert: to:
    assert lib.assertMsg (from.getSubModules == null) "coercedTo: coercedType must not have submodules (it’s a ${from.description})";
    lookingIn {
      name = "coercedTo";
      description = "${phrase [ "noun" ] to} or ${phrase [ "noun" ] from} convertible to it";
      check = x: (from.check x && to.check (convert x)) || to.check x;
      merge = loc: defs: to.merge loc (map (def: if from.check def.value then def // { value = convert def.value; } else def) defs);
      inherit (to) emptyValue getSubOptions getSubModules;
      substSubModules = modules: coercedTo from convert (to.substSubModules modules);
      typeMerge = _: null;
      nestedTypes = { coercedType = from; finalType = to; };
    };

  addCheck = type: check:
    let both = x: type.check x && check x; in
    type // { check = if type ? checkIn then checkIn both else both; };

  # At most one definition; `message` says why.
  unique = { message }: type:
    mkOptionType (
      around "unique" (unique { inherit message; }) type
      // {
        name = "unique";
        inherit (type) description descriptionClass check emptyValue getSubOptions;
        merge = lib.mergeUniqueOption { inherit message; inherit (type) merge; };
      }
    );
  uniq = unique { message = ""; };

  functionTo = elemType:
    mkOptionType (
      around "functionTo" functionTo elemType
      // {
        name = "functionTo";
        description = "function that evaluates to a(n) ${phrase [ "noun" "composite" ] elemType}";
        descriptionClass = "composite";
        check = lib.isFunction;
        getSubOptions = prefix: elemType.getSubOptions (prefix ++ [ "<function body>" ]);
        merge = loc: defs: {
          # An argument may be left out where every function lets it.
          __functionArgs = zipAttrsWith (_: all (x: x)) (map (def: lib.functionArgs def.value) defs);
          __functor = _: argument:
            mergeAs elemType (loc ++ [ "<function body>" ]) (map (def: { inherit (def) file; value = def.value argument; }) defs);
        };
      }
    );

  # Merges sets deeply and functions by their results; everything else must be equal.
  anything = mkOptionType {
    name = "anything";
    description = "anything";
    descriptionClass = "noun";
    merge = loc: defs:
      let
        kindOf = x: if isAttrs x && lib.isStringLike x then "package" else builtins.typeOf x;
        kind = kindOf (head defs).value;
        below = argument: mergeAs anything (loc ++ [ "<function body>" ]) (map (def: { inherit (def) file; value = def.value argument; }) defs);
      in
      if !(all (def: kindOf def.value == kind) defs) then
        throw "The option `${showOption loc}' has conflicting option types in ${showFiles (lib.getFiles defs)}"
      else if kind == "set" then
        (attrsOf anything).merge loc defs
      else if kind == "package" then
        lib.mergeOneOption loc defs
      else if kind == "lambda" then
        below
      else
        lib.mergeEqualOption loc defs;
  };

  # What such a format can hold.
  serializableValueWith = { typeName, nullable ? true }:
    let
      plain = oneOf (with types; [ bool int float str path (attrsOf value) (listOf value) ]);
      value = (if nullable then nullOr plain else plain) // { description = "${typeName} value"; };
    in
    value;
  json = serializableValueWith { typeName = "JSON"; };
  toml = serializableValueWith { typeName = "TOML"; nullable = false; };

  # One type of two declarations.
  mergeTypes = a: b:
    assert lib.isOptionType a && lib.isOptionType b;
    let both = a.typeMerge b.functor; in
    if both == null then lib.setType "merge-error" { error = "Cannot merge types"; } else both;
}
