# Values as text: JSON, INI, key=value, and the way that messages and references show them.
lib:
let
  inherit (builtins) concatLists concatStringsSep elem filter isAttrs isBool isFloat isInt isList isPath isString length mapAttrs replaceStrings split;
  inherit (lib) escape isDerivation isFunction mapAttrsToList;
in
rec {
  toJSON = { }: builtins.toJSON;
  # JSON is YAML.
  toYAML = { }: builtins.toJSON;

  mkValueStringDefault = { }: value:
    let unsupported = what: abort "generators.mkValueStringDefault: ${what} not supported: ${toPretty { } value}"; in
    if isString value then
      value
    else if isInt value || isDerivation value then
      toString value
    else if isBool value then
      lib.boolToString value
    else if value == null then
      "null"
    else if isFloat value then
      lib.floatToString value
    else if isList value then
      unsupported "lists"
    else if isFunction value then
      unsupported "functions"
    else if isAttrs value then
      unsupported "attrsets"
    else
      unsupported "this value is";
  mkKeyValueDefault = { mkValueString ? mkValueStringDefault { } }: sep: key: value: "${escape [ sep ] key}${sep}${mkValueString value}";
  toKeyValue = { mkKeyValue ? mkKeyValueDefault { } "=", listsAsDuplicateKeys ? false, indent ? "" }: set:
    lib.concatStrings (
      concatLists (
        mapAttrsToList (
          key: value: map (x: "${indent}${mkKeyValue key x}\n") (if listsAsDuplicateKeys then lib.toList value else [ value ])
        ) set
      )
    );
  toINI =
    {
      mkSectionName ? escape [ "[" "]" ],
      mkKeyValue ? mkKeyValueDefault { } "=",
      listsAsDuplicateKeys ? false,
    }:
    sections:
    concatStringsSep "\n" (
      mapAttrsToList (name: values: "[${mkSectionName name}]\n" + toKeyValue { inherit mkKeyValue listsAsDuplicateKeys; } values) sections
    );
  toINIWithGlobalSection =
    {
      mkSectionName ? escape [ "[" "]" ],
      mkKeyValue ? mkKeyValueDefault { } "=",
      listsAsDuplicateKeys ? false,
    }@how:
    { globalSection, sections ? { } }:
    (if globalSection == { } then "" else toKeyValue { inherit mkKeyValue listsAsDuplicateKeys; } globalSection + "\n")
    + toINI how sections;

  # Cuts what is nested deeper than that, so that showing it ends.
  withRecursion = { depthLimit, throwOnDepthLimit ? true }:
    let
      special = [ "__functor" "__functionArgs" "__toString" "__pretty" ];
      cut = depth: value:
        if depthLimit == null || depth <= depthLimit then
          value
        else if throwOnDepthLimit then
          throw "Exceeded maximum eval-depth limit of ${toString depthLimit} while trying to evaluate with `generators.withRecursion'!"
        else
          "<unevaluated>";
      go = depth: value:
        let below = x: go (depth + 1) (cut (depth + 1) x); in
        if isAttrs value then
          mapAttrs (name: x: if elem name special then x else below x) value
        else if isList value then
          map below value
        else
          cut (depth + 1) value;
    in
    go 0;

  # As one would write it in the Nix language.
  toPretty = { allowPrettyValues ? false, multiline ? true, indent ? "" }:
    let
      go = indent: value:
        let
          before = if multiline then "\n${indent}  " else " ";
          after = if multiline then "\n${indent}" else " ";
          below = go "${indent}  ";
          lines = filter isString (split "\n" value);
          manyLines = map (replaceStrings [ "\${" "''" ] [ "''\${" "'''" ]) lines;
          arguments = mapAttrsToList (name: optional: if optional then "${name}?" else name) (lib.functionArgs value);
          entry = name: x: "${lib.escapeNixIdentifier name} = ${builtins.addErrorContext "while evaluating an attribute `${name}`" (below x)};";
        in
        if isInt value then
          toString value
        else if isFloat value then
          builtins.toJSON value
        else if isString value then
          if multiline && length lines > 1 then
            "''${before}${concatStringsSep before (lib.init manyLines)}${if lib.last lines == "" then after else before + lib.last manyLines}''"
          else
            "\"${lib.concatMapStringsSep "\\n" (escape [ "\\" "\"" "\${" ]) lines}\""
        else if isBool value then
          lib.boolToString value
        else if value == null then
          "null"
        else if isPath value then
          toString value
        else if isList value then
          if value == [ ] then "[ ]" else "[${before}${lib.concatMapStringsSep before below value}${after}]"
        else if isFunction value then
          if arguments == [ ] then "<function>" else "<function, args: {${concatStringsSep ", " arguments}}>"
        else if allowPrettyValues && value ? __pretty && value ? val then
          value.__pretty value.val
        else if value == { } then
          "{ }"
        else if isDerivation value then
          "<derivation ${value.name or "???"}>"
        else
          "{${before}${concatStringsSep before (mapAttrsToList entry value)}${after}}";
    in
    go indent;
}
