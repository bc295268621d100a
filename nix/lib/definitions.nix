# From the declarations and definitions of one option to its value.
lib:
let
  inherit (builtins) addErrorContext all any filter foldl' head length tail;
  inherit (lib) showDefs showFiles showOption;
in
rec {
  # Makes one value of what is defined in `defs` [{ file; value; }]. Errors name the option and every file that is in the wrong.
  mergeDefinitions = loc: type: defs:
    let
      defsFinal' = lib.finalDefinitions defs;
      defsFinal = defsFinal'.values;
      isDefined = defsFinal != [ ];
      mergedValue =
        if !isDefined then
          if type.emptyValue ? value then
            type.emptyValue.value
          else
            throw "The option `${showOption loc}' was accessed but has no value defined. Try setting the option."
        else if !(coherent type) then
          throw "The option `${showOption loc}' has a type `${type.description}' that uses an ad-hoc `type // { check = ...; }' override. Please use `lib.types.addCheck' instead."
        else if all (def: type.check def.value) defsFinal then
          type.merge loc defsFinal
        else
          throw "A definition for option `${showOption loc}' is not of type `${type.description}'. Definition values:${
            showDefs (filter (def: !(type.check def.value)) defsFinal)
          }";
    in
    {
      inherit defsFinal' defsFinal isDefined mergedValue;
      optionalValue = if isDefined then { value = mergedValue; } else { };
    };

  # A type that looks into its values does its checks while it merges, so that a check put over its own would be lost there.
  coherent = type: !(type ? checkIn) || type.check ? checkIn;

  # One option, from what `declare` says of it and its definitions: the value at once, and the rest for whoever reads `options`.
  evalDeclared = loc: declared: defs:
    let
      option = declared.option or (declared.make loc);
      inherit (option) type;
      all = if option ? default then [ { file = head option.declarations; value = lib.mkOptionDefault option.default; } ] ++ defs else defs;
      merged =
        # The usual option that nobody sets: no priorities to compare.
        if defs == [ ] && option ? default && !(option.default ? _type) then
          mergeDefinitions loc type [ { file = head option.declarations; value = option.default; } ]
        else if option.readOnly or false && length all > 1 then
          throw "The option `${showOption loc}' is read-only, but it's set multiple times. Definition values:${
            # Each as it would be if it were the only one.
            showDefs (map (def: def // { value = (mergeDefinitions loc type [ def ]).mergedValue; }) all)
          }"
        else
          mergeDefinitions loc type all;
      value = addErrorContext "while evaluating the option `${showOption loc}':" (
        if option ? apply then option.apply merged.mergedValue else merged.mergedValue
      );
    in
    {
      config = value;
      options = deprecated loc option // {
        inherit loc value;
        inherit (merged) isDefined;
        highestPrio = if defs == [ ] && option ? default then (mergeDefinitions loc type all).defsFinal'.highestPrio else merged.defsFinal'.highestPrio;
        definitions = map (def: def.value) merged.defsFinal;
        files = map (def: def.file) merged.defsFinal;
        definitionsWithLocations = merged.defsFinal;
        __toString = _: showOption loc;
      };
      unmatched = [ ];
    };

  # The same as nixpkgs offers it: an option as `mergeOptionDecls` answers it, and its definitions.
  evalOptionValue = loc: option: defs: (evalDeclared loc { inherit option; } defs).options;

  deprecated = loc: option:
    if option.type.deprecationMessage or null == null then
      option
    else
      lib.warn "The type `types.${option.type.name}' of option `${showOption loc}' defined in ${showFiles option.declarations} is deprecated. ${option.type.deprecationMessage}" option;

  # An option as one module declares it: with a type, and with its submodules knowing which file they are from.
  declaredOnce = { _file, options, pos ? null }:
    let type = options.type or lib.types.unspecified; in
    options
    // {
      type = if type.getSubModules or null == null then type else type.substSubModules (map (lib.setDefaultModuleLocation _file) type.getSubModules);
      declarations = [ _file ];
      declarationPositions = [ (if pos == null then { file = _file; line = null; column = null; } else pos) ];
      options = [ ];
    };

  # Several modules may declare an option if their types go together and each other thing is said once.
  mergeDeclarations = loc: declarations:
    foldl' (
      sum: d:
      let
        again = declaredOnce d;
        type = sum.type.typeMerge again.type.functor;
        twice = field: sum ? ${field} && d.options ? ${field};
      in
      if any twice [ "default" "example" "description" "apply" ] || (sum.typed && d.options ? type && type == null) then
        throw "The option `${showOption loc}' in `${toString d._file}' is already declared in ${showFiles sum.declarations}."
      else
        again
        // sum
        // {
          type = if !sum.typed then again.type else if d.options ? type then type else sum.type;
          typed = sum.typed || d.options ? type;
          declarations = sum.declarations ++ again.declarations;
          declarationPositions = sum.declarationPositions ++ again.declarationPositions;
        }
    ) (declaredOnce (head declarations) // { typed = (head declarations).options ? type; }) (tail declarations);
  mergeOptionDecls = loc: declarations: removeAttrs (mergeDeclarations loc declarations) [ "typed" ];
  # For types that nixpkgs' way of doing this was written for; here the types are right already.
  fixupOptionType = _: option: option;
}
