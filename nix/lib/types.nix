# The option types: each is { name; description; check; merge; } and, where it has one, an empty value.
lib:
let
  inherit (lib) mergeEqualOption mergeOneOption mergeDefinitions;
  values = map (def: def.value);

  mkOptionType =
    { name, description ? name, check ? _: true, merge ? mergeOneOption, emptyValue ? { }, nestedTypes ? { } }:
    { _type = "option-type"; inherit name description check merge emptyValue nestedTypes; };

  simple = name: description: check: mkOptionType { inherit name description check; merge = mergeEqualOption; };

  attrs = name: lazy: element: mkOptionType {
    inherit name;
    description = "attribute set of ${element.description}";
    check = builtins.isAttrs;
    emptyValue.value = { };
    nestedTypes.elemType = element;
    merge = loc: defs:
      let
        named = builtins.zipAttrsWith (key: mergeDefinitions (loc ++ [ key ]) element) (
          builtins.concatMap (
            def: map (builtins.mapAttrs (_: value: { inherit (def) file; inherit value; })) (lib.pushDownProperties def.value)
          ) defs
        );
      in
      builtins.mapAttrs (_: m: m.value) (if lazy then named else lib.filterAttrs (_: m: m.isDefined) named);
  };

  submoduleWith =
    { modules, specialArgs ? { }, shorthandOnlyDefinesConfig ? false, description ? null, class ? null }:
    mkOptionType {
      name = "submodule";
      description = if description == null then "submodule" else description;
      check = x: builtins.isAttrs x || lib.isFunction x || builtins.isPath x;
      emptyValue.value = { };
      merge = loc: defs:
        (lib.evalModules {
          inherit specialArgs class;
          prefix = loc;
          modules =
            modules
            ++ [ { _file = "<the module system>"; config._module.args.name = lib.mkOptionDefault (lib.last loc); } ]
            ++ map (
              def:
              if shorthandOnlyDefinesConfig && builtins.isAttrs def.value && !(lib.isFunction def.value) then
                { _file = def.file; config = def.value; }
              else
                { _file = def.file; imports = [ def.value ]; }
            ) defs;
        }).config;
    };

  both = a: b: mkOptionType {
    name = "either";
    description = "${a.description} or ${b.description}";
    check = x: a.check x || b.check x;
    merge = loc: defs:
      if builtins.all a.check (values defs) then
        a.merge loc defs
      else if builtins.all b.check (values defs) then
        b.merge loc defs
      else
        mergeOneOption loc defs;
  };
in
rec {
  inherit mkOptionType submoduleWith;
  raw = mkOptionType { name = "raw"; description = "raw value"; };
  unspecified = mkOptionType { name = "unspecified"; description = "unspecified value"; };
  bool = simple "bool" "boolean" builtins.isBool;
  int = simple "int" "signed integer" builtins.isInt;
  float = simple "float" "floating point number" builtins.isFloat;
  str = simple "str" "string" builtins.isString;
  nonEmptyStr = simple "nonEmptyStr" "non-empty string" (x: builtins.isString x && builtins.match "[[:space:]]*" x == null);
  strMatching = pattern: simple "strMatching" "string matching the pattern ${pattern}" (x: builtins.isString x && builtins.match pattern x != null);
  path = simple "path" "path" (x: builtins.isPath x || ((builtins.isString x || x ? outPath) && lib.hasPrefix "/" "${x}"));
  package = simple "package" "package" (x: lib.isDerivation x || (builtins.isString x && lib.hasPrefix builtins.storeDir x));
  ints = {
    between = low: high: simple "intBetween" "integer between ${toString low} and ${toString high} (both inclusive)" (x: builtins.isInt x && x >= low && x <= high);
    unsigned = simple "unsignedInt" "unsigned integer, meaning >=0" (x: builtins.isInt x && x >= 0);
    positive = simple "positiveInt" "positive integer, meaning >0" (x: builtins.isInt x && x > 0);
  };
  port = ints.between 0 65535;
  separatedString = sep: mkOptionType {
    name = "separatedString";
    description = if sep == "\n" then "strings concatenated with \"\\n\"" else "strings concatenated with ${builtins.toJSON sep}";
    check = builtins.isString;
    merge = _: defs: builtins.concatStringsSep sep (values defs);
  };
  lines = separatedString "\n";
  commas = separatedString ",";
  enum = allowed: simple "enum" "one of ${lib.concatMapStringsSep ", " builtins.toJSON allowed}" (x: builtins.elem x allowed);
  nullOr = element: mkOptionType {
    name = "nullOr";
    description = "null or ${element.description}";
    check = x: x == null || element.check x;
    emptyValue.value = null;
    merge = loc: defs:
      if builtins.all (x: x == null) (values defs) then
        null
      else if builtins.any (x: x == null) (values defs) then
        throw (lib.conflict loc defs)
      else
        element.merge loc defs;
  };
  listOf = element: mkOptionType {
    name = "listOf";
    description = "list of ${element.description}";
    check = builtins.isList;
    emptyValue.value = [ ];
    nestedTypes.elemType = element;
    merge = loc: defs:
      map (m: m.value) (
        builtins.filter (m: m.isDefined) (
          builtins.concatLists (
            lib.imap1 (
              d: def:
              lib.imap1 (
                e: value:
                mergeDefinitions (loc ++ [ "[definition ${toString d}-entry ${toString e}]" ]) element [ { inherit (def) file; inherit value; } ]
              ) def.value
            ) defs
          )
        )
      );
  };
  nonEmptyListOf = element: listOf element // { check = x: builtins.isList x && x != [ ]; description = "non-empty list of ${element.description}"; emptyValue = { }; };
  attrsOf = attrs "attrsOf" false;
  lazyAttrsOf = attrs "lazyAttrsOf" true;
  submodule = modules: submoduleWith {
    modules = lib.toList modules;
    shorthandOnlyDefinesConfig = true;
  };
  deferredModule = mkOptionType {
    name = "deferredModule";
    description = "module";
    check = x: builtins.isAttrs x || lib.isFunction x || builtins.isPath x;
    merge = _: defs: { imports = map (def: { _file = def.file; imports = [ def.value ]; }) defs; };
  };
  either = both;
  oneOf = ts: builtins.foldl' both (builtins.head ts) (builtins.tail ts);
  coercedTo = from: f: to: mkOptionType {
    name = "coercedTo";
    description = "${to.description} or ${from.description} convertible to it";
    check = x: to.check x || (from.check x && to.check (f x));
    merge = loc: defs: to.merge loc (map (def: if from.check def.value then def // { value = f def.value; } else def) defs);
  };
  anything = mkOptionType {
    name = "anything";
    merge = loc: defs:
      if builtins.all (x: builtins.isAttrs x && !(lib.isDerivation x) && !(lib.isFunction x)) (values defs) then
        (lazyAttrsOf anything).merge loc defs
      else if builtins.all builtins.isList (values defs) then
        (listOf anything).merge loc defs
      else
        mergeEqualOption loc defs;
  };
}
