# From the definitions of one option to its value.
lib: rec {
  # loc: path of the option; defs: [{ file; value; }]. Errors name the option and every file that defines it.
  mergeDefinitions = loc: type: defs:
    let
      discharged = builtins.concatMap (
        def: map (value: { inherit (def) file; inherit value; }) (
          builtins.addErrorContext "while evaluating definitions from `${toString def.file}':" (
            lib.dischargeProperties def.value
          )
        )
      ) defs;
      definitions = lib.sortProperties (lib.filterOverrides discharged);
      wrong = builtins.filter (def: !(type.check def.value)) definitions;
      isDefined = definitions != [ ];
      merged =
        if isDefined then
          if wrong == [ ] then
            type.merge loc definitions
          else
            throw "A definition for option `${lib.showOption loc}' is not of type `${type.description}'. Definition values:${lib.showDefs wrong}"
        else
          throw "The option `${lib.showOption loc}' was accessed but has no value defined. Try setting the option.";
    in
    {
      inherit isDefined definitions;
      value = builtins.addErrorContext "while evaluating the option `${lib.showOption loc}':" merged;
      optionalValue = if isDefined then { value = merged; } else { };
    };

  # One option from its declarations [{ _file; option; }] and definitions: the option with `value`, `isDefined`, `files`.
  evalOptionValue = loc: declarations: defs:
    let
      option = mergeDeclarations loc declarations;
      type = option.type or lib.types.unspecified;
      default = lib.optional (option ? default) {
        file = (builtins.head declarations)._file;
        value = lib.mkOptionDefault option.default;
      };
      all =
        if option.readOnly or false && builtins.length defs > 1 then
          throw "The option `${lib.showOption loc}' is read-only, but it's set multiple times. Definition values:${lib.showDefs defs}"
        else
          default ++ defs;
      merged = mergeDefinitions loc type all;
      empty = type.emptyValue or { };
      value = if !merged.isDefined && empty ? value then empty.value else merged.value;
    in
    option
    // {
      inherit loc type;
      inherit (merged) isDefined;
      value = if option ? apply then option.apply value else value;
      definitions = map (def: def.value) merged.definitions;
      files = map (def: def.file) merged.definitions;
      definitionsWithLocations = merged.definitions;
      declarations = map (d: d._file) declarations;
      __toString = _: lib.showOption loc;
    };

  # An option may be declared in several places as long as only one says its type and default.
  mergeDeclarations = loc: declarations:
    builtins.foldl' (
      sum: d:
      if builtins.any (field: sum ? ${field} && d.option ? ${field}) [ "type" "default" "apply" ] then
        throw "The option `${lib.showOption loc}' in `${toString d._file}' is already declared in ${
          lib.showFiles (map (other: other._file) (builtins.filter (other: other._file != d._file) declarations))
        }."
      else
        sum // d.option
    ) { } declarations;

  mergeOneOption = loc: defs:
    if builtins.length defs == 1 then (builtins.head defs).value else throw (conflict loc defs);
  mergeEqualOption = loc: defs:
    let first = (builtins.head defs).value; in
    if builtins.all (def: def.value == first) defs then first else throw (conflict loc defs);
  conflict = loc: defs:
    "The option `${lib.showOption loc}' has conflicting definition values:${lib.showDefs defs}\nUse `lib.mkForce value' or `lib.mkDefault value' to change the priority on any of these definitions.";
}
