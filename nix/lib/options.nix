# Declaring options, merging what is defined for one, and speaking about them in messages.
lib:
let
  inherit (builtins) all concatLists filter foldl' head isAttrs isBool isInt isList isString length tail;
  values = map (def: def.value);
  advice = "Use `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.\n";
in
rec {
  # The arguments are optional, and no others are taken: a misspelt one is an error.
  mkOption =
    {
      type ? null, default ? null, defaultText ? null, example ? null, description ? null, apply ? null, readOnly ? null,
      internal ? null, visible ? null, relatedPackages ? null,
    }@option:
    option // { _type = "option"; };
  isOption = lib.isType "option";

  mkEnableOption = what:
    mkOption { type = lib.types.bool; default = false; example = true; description = "Whether to enable ${what}."; };

  # A package out of `pkgs`, by its name or path: `mkPackageOption pkgs "hello" { }`, `mkPackageOption pkgs [ "php" "composer" ] { }`.
  mkPackageOption = pkgs: name:
    { nullable ? false, default ? name, example ? null, extraDescription ? "", pkgsText ? "pkgs" }:
    let
      path = lib.toList default;
      shown = "${pkgsText}.${lib.showAttrPath path}";
      found = lib.attrByPath path (throw "${lib.showAttrPath path} cannot be found in ${pkgsText}") pkgs;
    in
    mkOption (
      {
        type = (if nullable then lib.types.nullOr else x: x) lib.types.package;
        description = lib.concatStringsSep " " (
          [ "The ${lib.last (lib.toList name)} package to use." ] ++ lib.optional (extraDescription != "") extraDescription
        );
      }
      // (
        if default != null then
          { default = found; defaultText = literalExpression shown; }
        else
          lib.optionalAttrs nullable { default = null; }
      )
      // lib.optionalAttrs (example != null) {
        example = literalExpression (if isList example then "${pkgsText}.${lib.showAttrPath example}" else example);
      }
    );

  # Takes every definition below it and answers none: for options that only some evaluations declare.
  mkSinkUndeclaredOptions = attrs:
    mkOption (
      {
        internal = true;
        visible = false;
        default = false;
        description = "Sink for option definitions.";
        type = lib.mkOptionType { name = "sink"; merge = _: _: false; };
        apply = _: throw "Option value is not readable because the option is not declared.";
      }
      // attrs
    );

  literalExpression = text:
    if isString text then { _type = "literalExpression"; inherit text; } else throw "literalExpression expects a string.";
  literalMD = text: if isString text then { _type = "literalMD"; inherit text; } else throw "literalMD expects a string.";

  # Ways to make one value of definitions [{ file; value; }], for types: loc → defs → value.
  mergeOneOption = mergeUniqueOption { message = ""; };
  mergeUniqueOption = { message, merge ? _: defs: (head defs).value }: loc: defs:
    if length defs == 1 then
      merge loc defs
    else
      throw "The option `${showOption loc}' is defined multiple times while it's expected to be unique.\n${message}\nDefinition values:${showDefs defs}\n${advice}";
  mergeEqualOption = loc: defs:
    let
      first = head defs;
      agree = def: def.value == first.value || throw "The option `${showOption loc}' has conflicting definition values:${showDefs [ first def ]}\n${advice}";
    in
    if length defs == 1 || all agree (tail defs) then (head defs).value else null;
  # For options that say no type: whatever the values' kind suggests.
  mergeDefaultOption = loc: defs:
    let list = values defs; in
    if length list == 1 then
      head list
    else if all lib.isFunction list then
      x: mergeDefaultOption loc (map (def: def // { value = def.value x; }) defs)
    else if all isList list then
      concatLists list
    else if all isAttrs list then
      foldl' (a: b: a // b) { } list
    else if all isBool list then
      foldl' (a: b: a || b) false list
    else if all isString list then
      lib.concatStrings list
    else if all isInt list && all (x: x == head list) list then
      head list
    else
      throw "Cannot merge definitions of `${showOption loc}'. Definition values:${showDefs defs}";
  getValues = values;
  getFiles = map (def: def.file);

  unknownModule = "<unknown-file>";
  showOption = path:
    lib.concatMapStringsSep "." (
      part: if part == "*" || builtins.match "<.*>" part != null then part else lib.escapeNixIdentifier part
    ) path;
  showFiles = lib.concatMapStringsSep " and " (file: "`${toString file}'");
  showOptionWithDefLocs = option:
    "${showOption option.loc}, with values defined in:\n${lib.concatMapStringsSep "\n" (file: "  - ${toString file}") option.files}\n";
  # Definitions for a message: the file, and the start of the value unless evaluating it fails.
  showDefs = lib.concatMapStrings (
    def:
    let
      shown = builtins.tryEval (
        lib.generators.toPretty { } (lib.generators.withRecursion { depthLimit = 10; throwOnDepthLimit = false; } def.value)
      );
      lines = filter isString (builtins.split "\n" shown.value);
      text = lib.concatStringsSep "\n    " (lib.take 5 lines ++ lib.optional (length lines > 5) "...");
    in
    "\n- In `${toString def.file}'"
    + lib.optionalString shown.success (if length lines > 1 then ":\n    ${text}" else ": ${text}")
  );
}
