# The types of options. This file has what a type is and those that hold one plain value; ./composed-types.nix has those made of
# other types, ./submodules.nix those made of modules.
lib:
let
  inherit (builtins) foldl' isAttrs isBool isFloat isInt isString match toJSON;
  inherit (lib) mergeEqualOption mergeOneOption types;

  # A type: which values it takes (`check`, of the outermost layer only), and how definitions [{ file; value; }] become one value
  # (`merge`). `functor` says how two declarations of one option come to one type; the rest is for references and submodules.
  mkOptionType =
    {
      name,
      description ? null,
      descriptionClass ? null,
      check ? _: true,
      merge ? lib.mergeDefaultOption,
      emptyValue ? { },
      getSubOptions ? _: { },
      getSubModules ? null,
      substSubModules ? _: null,
      functor ? defaultFunctor name,
      typeMerge ? defaultTypeMerge functor,
      deprecationMessage ? null,
      nestedTypes ? { },
    }:
    {
      _type = "option-type";
      description = if description == null then name else description;
      inherit
        name descriptionClass check merge emptyValue getSubOptions getSubModules substSubModules functor typeMerge deprecationMessage
        nestedTypes;
    };
  defaultFunctor = name: { inherit name; type = lib.types.${name} or null; payload = null; binOp = _: _: null; };
  # Null where the two do not go together.
  defaultTypeMerge = one: other:
    let payload = one.binOp one.payload other.payload; in
    if one.name != other.name then
      null
    else if one.payload == null then
      one.type
    else if payload == null then
      null
    else
      one.type payload;

  noun = name: description: check: merge: mkOptionType { inherit name description check merge; descriptionClass = "noun"; };
  simple = name: description: check: noun name description check mergeEqualOption;
  # A part of another type, with a name and a description of its own.
  part = type: check: name: description: types.addCheck type check // { inherit name description; };
  meaning = type: type // { descriptionClass = "nonRestrictiveClause"; };
  bounds = low: high: "${toJSON low} and ${toJSON high} (both inclusive)";
  between = what: type: name: low: high:
    assert lib.assertMsg (low <= high) "${what}.between: lowest must be smaller than highest";
    part type (x: x >= low && x <= high) name;
  # Two declarations must say the same parameters.
  sameOnly = name: payload: type:
    let functor = defaultFunctor name // { inherit payload type; binOp = a: b: if a == b then a else null; }; in
    { inherit functor; typeMerge = defaultTypeMerge functor; };
in
{
  inherit mkOptionType defaultFunctor defaultTypeMerge;
  inherit (lib) isType setType isOptionType;

  raw = noun "raw" "raw value" (_: true) mergeOneOption;
  unspecified = noun "unspecified" "unspecified value" (_: true) lib.mergeDefaultOption;
  bool = simple "bool" "boolean" isBool;
  boolByOr = noun "boolByOr" "boolean (merged using or)" isBool (_: foldl' (sum: def: sum || def.value) false);

  int = simple "int" "signed integer" isInt;
  ints =
    let
      bits = what: n: low: high:
        between "ints" types.int "${what}Int${toString n}" low high "${toString n} bit ${what} integer; between ${bounds low high}";
      # Half of the numbers of so many bits.
      half = { "8" = 128; "16" = 32768; "32" = 2147483648; };
      unsigned = n: bits "unsigned" n 0 (2 * half.${toString n} - 1);
      signed = n: bits "signed" n (0 - half.${toString n}) (half.${toString n} - 1);
    in
    {
      between = low: high: between "ints" types.int "intBetween" low high "integer between ${bounds low high}";
      unsigned = meaning (part types.int (x: x >= 0) "unsignedInt" "unsigned integer, meaning >=0");
      positive = meaning (part types.int (x: x > 0) "positiveInt" "positive integer, meaning >0");
      u8 = unsigned 8;
      u16 = unsigned 16;
      u32 = unsigned 32;
      s8 = signed 8;
      s16 = signed 16;
      s32 = signed 32;
    };
  port = types.ints.u16;
  float = simple "float" "floating point number" isFloat;
  number = types.either types.int types.float;
  numbers = {
    between = low: high: between "numbers" types.number "numberBetween" low high "integer or floating point number between ${bounds low high}";
    nonnegative = meaning (part types.number (x: x >= 0) "numberNonnegative" "nonnegative integer or floating point number, meaning >=0");
    positive = meaning (part types.number (x: x > 0) "numberPositive" "positive integer or floating point number, meaning >0");
  };

  str = simple "str" "string" isString;
  nonEmptyStr = simple "nonEmptyStr" "non-empty string" (x: isString x && match "[ \t\n]*" x == null);
  singleLineStr =
    noun "singleLineStr" "(optionally newline-terminated) single-line string" (x: isString x && match "[^\n\r]*\n?" x != null)
      (loc: defs: lib.removeSuffix "\n" (mergeEqualOption loc defs));
  strMatching = pattern:
    simple "strMatching ${lib.escapeNixString pattern}" "string matching the pattern ${pattern}" (x: isString x && match pattern x != null)
    // sameOnly "strMatching" { inherit pattern; } (payload: types.strMatching payload.pattern);
  separatedString = sep:
    noun "separatedString" "strings concatenated with ${toJSON sep}" isString (_: lib.concatMapStringsSep sep (def: def.value))
    // sameOnly "separatedString" { inherit sep; } (payload: types.separatedString payload.sep);
  lines = types.separatedString "\n";
  commas = types.separatedString ",";
  envVar = types.separatedString ":";
  passwdEntry = type:
    meaning (
      part type (s: match ".*[:\n].*" s == null) "passwdEntry ${type.name}" "${
        types.phrase [ "noun" ] type
      }, not containing newlines or colons"
    );
  enum = values:
    let
      show = x:
        if isString x then "\"${x}\"" else if isInt x then toString x else if isBool x then lib.boolToString x else "<${builtins.typeOf x}>";
      few = builtins.length values < 2;
      description =
        if values == [ ] then
          "impossible (empty enum)"
        else if few then
          "value ${show (builtins.head values)} (singular enum)"
        else
          "one of ${lib.concatMapStringsSep ", " show values}";
    in
    mkOptionType {
      name = "enum";
      inherit description;
      descriptionClass = if few then "noun" else "conjunction";
      check = x: builtins.elem x values;
      merge = mergeEqualOption;
      # Two declarations allow what either does.
      functor = defaultFunctor "enum" // {
        payload = { inherit values; };
        type = payload: types.enum payload.values;
        binOp = a: b: { values = lib.unique (a.values ++ b.values); };
      };
    };

  path = types.pathWith { absolute = true; };
  pathInStore = types.pathWith { inStore = true; };
  externalPath = types.pathWith { absolute = true; inStore = false; };
  pathWith = { inStore ? null, absolute ? null }:
    let
      adjective = if absolute == null then "" else if absolute then "absolute " else "relative ";
      place = if inStore == null then "" else if inStore then " in the Nix store" else " not in the Nix store";
      # Only a path of the language is free of `..`; the string is never used for anything else.
      normal = x: toString (/. + builtins.unsafeDiscardStringContext (toString x));
      isInStore = x: match "${builtins.storeDir}/[^/]{32}-[^/]+(/.*)?|/[0-9a-z]{52}(/.*)?" (normal x) != null;
    in
    lib.throwIf (inStore == true && absolute == false) "In pathWith, inStore means the path must be absolute" (
      simple "path" "${adjective}path${place}" (
        x:
        # A path of the language would become one in the store when it is used.
        (if inStore == false then isString x else lib.isStringLike x)
        && (inStore == null || inStore == isInStore x)
        && (absolute == null || absolute == (builtins.substring 0 1 (toString x) == "/"))
      )
      // sameOnly "path" { inherit inStore absolute; } types.pathWith
    );
  package = noun "package" "package" (x: lib.isDerivation x || lib.isStorePath x) (
    loc: defs:
    let value = mergeOneOption loc defs; in
    if builtins.isPath value || (isString value && !(builtins.hasContext value)) then lib.toDerivation value else value
  );
  shellPackage = types.package // { check = x: lib.isDerivation x && x ? shellPath; };
  pkgs = types.addCheck (
    types.unique { message = "A Nixpkgs pkgs set can not be merged with another pkgs set."; } types.attrs
    // { name = "pkgs"; descriptionClass = "noun"; description = "Nixpkgs package set"; }
  ) (x: x._type or null == "pkgs");
  attrs = mkOptionType {
    name = "attrs";
    description = "attribute set";
    check = isAttrs;
    merge = _: foldl' (sum: def: sum // def.value) { };
    emptyValue.value = { };
  };
  optionDeclaration = noun "optionDeclaration" "option declaration" (x: lib.isOption x && !(x ? value)) lib.mergeDefaultOption;
}
// import ./composed-types.nix lib
// import ./submodules.nix lib
