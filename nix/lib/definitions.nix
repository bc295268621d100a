# From the declarations and definitions of one option to its value.
lib:
let
  inherit (builtins) addErrorContext all any filter foldl' head length tail;
  inherit (lib) showDefs showFiles showOption;

  # The value of definitions that count: at least one, with nothing said about them any more.
  checkedMerge = loc: type: defs:
    if type ? checkIn && !(type.check ? checkIn) then
      # Such a type does its checks while it merges: a check put over its own would be lost there.
      throw "The option `${showOption loc}' has a type `${type.description}' that uses an ad-hoc `type // { check = ...; }' override, which is incompatible with how it merges. Please use `lib.types.addCheck' instead."
    else if all (def: type.check def.value) defs then
      type.merge loc defs
    else
      throw "A definition for option `${showOption loc}' is not of type `${type.description}'. Definition values:${
        showDefs (filter (def: !(type.check def.value)) defs)
      }";
in
rec {
  # Makes one value of what is defined in `defs` [{ file; value; }]. Errors name the option and every file that is in the wrong.
  mergeDefinitions = loc: type: defs:
    let
      defsFinal' = lib.finalDefinitions defs;
      defsFinal = defsFinal'.values;
      isDefined = defsFinal != [ ];
      mergedValue =
        if isDefined then
          checkedMerge loc type defsFinal
        else
          type.emptyValue.value or (throw "The option `${showOption loc}' was accessed but has no value defined. Try setting the option.");
    in
    {
      inherit defsFinal' defsFinal isDefined mergedValue;
      optionalValue = if isDefined then { value = mergedValue; } else { };
    };

  # An option as one module declares it: { option; type; file; }, and its submodules know which file they are from.
  declaredOnce = { _file, options, ... }@d:
    let type = options.type or lib.types.unspecified; in
    {
      option = options;
      type =
        if type.getSubModules or null == null then type else type.substSubModules (map (lib.setDefaultModuleLocation _file) type.getSubModules);
      file = _file;
      declarations = [ d ];
    };

  # Several modules may declare an option if their types go together and each other thing is said once.
  mergeDeclarations = loc: declarations:
    foldl' (
      sum: d:
      let
        again = declaredOnce d;
        both = sum.type.typeMerge again.type.functor;
        # The modules of the later one first, as everywhere.
        type =
          if both.getSubModules or null == null then both else both.substSubModules (again.type.getSubModules ++ sum.type.getSubModules);
        typed = sum.option ? type && again.option ? type;
        twice = field: sum.option ? ${field} && again.option ? ${field};
      in
      if any twice [ "default" "example" "description" "apply" ] || typed && both == null then
        throw "The option `${showOption loc}' in `${toString d._file}' is already declared in ${showFiles (map (d: d._file) sum.declarations)}."
      else
        {
          option = again.option // sum.option;
          type = if typed then type else if again.option ? type then again.type else sum.type;
          inherit (sum) file;
          declarations = sum.declarations ++ [ d ];
        }
    ) (declaredOnce (head declarations)) (tail declarations);

  # The value of an option, from how it is declared and its definitions.
  valueOf = loc: { option, type, file, ... }@declared: defs:
    let
      only = (head defs).value;
      merged =
        # Nearly every option has one definition or its default, and nothing is said about either but how strong it is.
        if defs == [ ] && option ? default && !(option.default ? _type) then
          checkedMerge loc type [ { inherit file; value = option.default; } ]
        else if length defs != 1 || option ? readOnly then
          mergeWithDefault loc declared defs
        else if !(only ? _type) then
          checkedMerge loc type defs
        else if only._type == "override" && only.priority < 1500 && !(only.content ? _type) then
          checkedMerge loc type [ { inherit (head defs) file; value = only.content; } ]
        else
          mergeWithDefault loc declared defs;
    in
    addErrorContext "while evaluating the option `${showOption loc}':" (if option ? apply then option.apply merged else merged);

  mergeWithDefault = loc: { option, type, ... }@declared: defs:
    let all = withDefault declared defs; in
    if option.readOnly or false && length all > 1 then
      throw "The option `${showOption loc}' is read-only, but it's set multiple times. Definition values:${
        # Each as it would be if it were the only one.
        showDefs (map (def: def // { value = (mergeDefinitions loc type [ def ]).mergedValue; }) all)
      }"
    else
      (mergeDefinitions loc type all).mergedValue;
  withDefault = { option, file, ... }: defs:
    if option ? default then [ { inherit file; value = lib.mkOptionDefault option.default; } ] ++ defs else defs;

  # The option with that value and where it comes from, for whoever reads `options`.
  optionOf = loc: { option, type, declarations, ... }@declared: defs: value:
    let final = lib.finalDefinitions (withDefault declared defs); in
    (
      if type.deprecationMessage or null == null then
        option
      else
        lib.warn "The type `types.${type.name}' of option `${showOption loc}' defined in ${showFiles (map (d: d._file) declarations)} is deprecated. ${type.deprecationMessage}" option
    )
    // {
      inherit loc type value;
      inherit (final) highestPrio;
      isDefined = final.values != [ ];
      definitions = map (def: def.value) final.values;
      files = map (def: def.file) final.values;
      definitionsWithLocations = final.values;
      declarations = map (d: d._file) declarations;
      declarationPositions = map (d: if d.pos or null == null then { file = d._file; line = null; column = null; } else d.pos) declarations;
      options = [ ];
      __toString = _: showOption loc;
    };

  # The same as nixpkgs offers it, for types of others: an option as `mergeOptionDecls` makes it of declarations.
  mergeOptionDecls = loc: declarations:
    let merged = mergeDeclarations loc declarations; in
    merged.option // { inherit loc; inherit (merged) type; declarations = map (d: d._file) declarations; declarationPositions = [ ]; options = [ ]; };
  evalOptionValue = loc: option: defs:
    let
      declared = { inherit option; type = option.type or lib.types.unspecified; file = head option.declarations; declarations = map (_file: { inherit _file; }) option.declarations; };
    in
    optionOf loc declared defs (valueOf loc declared defs);
  fixupOptionType = _: option: option;
}
