# evalModules: modules in, { config; options; … } out. Names, results and messages are nixpkgs'.
lib:
let
  inherit (builtins) all attrNames attrValues concatLists concatMap filter head isAttrs length mapAttrs zipAttrsWith;
  inherit (lib) isOption pushDownProperties reverseList showDefs showOption types;

  evalModules = { modules, specialArgs ? { }, prefix ? [ ], class ? null }@given:
    evaluate { inherit modules specialArgs prefix class; } (
      { arguments, builtIn }:
      let
        collected = reverseList (
          lib.collectModules {
            inherit class arguments;
            modulesPath = specialArgs.modulesPath or "";
            modules = modules ++ [ builtIn ];
          }
        );
      in
      {
        declared = declare collected;
        definitions = concatMap definitionsOf collected;
      }
    );

  # A set of modules that is evaluated again and again, as that of a submodule: what does not depend on its arguments is done once.
  prepareModules = { modules, specialArgs, class }@given:
    let
      found = lib.collectModules { inherit class modules; arguments = { }; modulesPath = ""; };
      count = length modules;
    in
    given
    // {
      constant = class == null && all lib.isConstantModule modules;
      declared = declare (reverseList ([ builtInOptions ] ++ found));
      # Definitions of the modules given, and of those that these import.
      own = concatMap definitionsOf (reverseList (lib.take count found));
      imported = concatMap definitionsOf (reverseList (lib.drop count found));
    };

  # Evaluates prepared modules with definitions [{ file; value; shorthand; }]: of `shorthand` ones the value is the configuration
  # itself, any other is a module.
  evalPrepared = prepared: { prefix, definitions }:
    let
      name = { _module.args.name = lib.last prefix; };
      asModule = def: if def.shorthand then { _file = def.file; config = def.value; } else lib.setDefaultModuleLocation def.file def.value;
      given = {
        inherit (prepared) specialArgs class;
        inherit prefix;
        modules = prepared.modules ++ [ name ] ++ map asModule definitions;
      };
    in
    if prepared.constant && all (def: def.shorthand) definitions then
      # The same definitions in the same order as by the general way.
      evaluate given (
        { builtIn, ... }:
        {
          inherit (prepared) declared;
          definitions =
            prepared.imported
            ++ [ { file = builtIn._file; value = { _module = builtIn.config._module // { args = builtIn.config._module.args // name._module.args; }; }; } ]
            ++ reverseList definitions
            ++ prepared.own;
        }
      )
    else
      evalModules given;

  # `parts` answers what is declared and defined, given the modules' arguments and the module that is always there.
  evaluate = { modules, specialArgs, prefix, class }@given: parts:
    let
      arguments = {
        inherit lib options specialArgs;
        _class = class;
        _prefix = prefix;
        config = builtins.addErrorContext "if you get an infinite recursion here, you probably reference `config` in `imports`. If you are trying to achieve a conditional import behavior dependent on `config`, consider importing unconditionally, and using `mkEnableOption` and `mkIf` to control its effect." config;
      } // specialArgs;
      builtIn = builtInOptions // {
        config._module = {
          args = { inherit extendModules; moduleType = type; };
          inherit specialArgs;
        };
      };
      said = parts { inherit arguments builtIn; };
      merged = mergeLevel prefix said.declared said.definitions;
      inherit (merged) options;

      # Only the built-in module speaks of `_module` in nearly all evaluations; then nothing of it needs to be evaluated.
      usual = length merged.defined._module == 1;
      freeformType = if usual then null else merged.config._module.freeformType;
      free = freeformType.merge prefix (map (def: { inherit (def) file; value = lib.setAttrByPath def.prefix def.value; }) merged.unmatched);
      config =
        if freeformType == null then merged.config else if merged.unmatched == [ ] then merged.config else lib.recursiveUpdate free merged.config;
      checked =
        if (usual || freeformType == null && config._module.check) && merged.unmatched != [ ] then
          throw (noSuchOption prefix options (head merged.unmatched))
        else
          x: x;

      extendModules = { modules ? [ ], specialArgs ? { }, prefix ? given.prefix }:
        evalModules (given // { modules = given.modules ++ modules; specialArgs = given.specialArgs // specialArgs; inherit prefix; });
      type = types.submoduleWith { inherit modules specialArgs class; };
    in
    {
      _type = "configuration";
      options = checked options;
      config = checked (removeAttrs config [ "_module" ]);
      _module = checked config._module;
      inherit extendModules type class;
    };

  builtInOptions = {
    _file = "lib/modules.nix";
    key = "lib/modules.nix";
    options._module = {
      args = lib.mkOption {
        type = types.lazyAttrsOf types.raw;
        internal = true;
        description = "Further arguments for every module.";
      };
      check = lib.mkOption {
        type = types.bool;
        internal = true;
        default = true;
        description = "Whether a definition of an option that nobody declares is an error.";
      };
      freeformType = lib.mkOption {
        type = types.nullOr types.optionType;
        internal = true;
        default = null;
        description = "Type of the set of all definitions that have no option; null to have none of them.";
      };
      specialArgs = lib.mkOption {
        readOnly = true;
        internal = true;
        description = "Arguments from outside, which `imports` may depend on.";
      };
    };
  };

  definitionsOf = m: map (value: { file = m._file; inherit value; }) (pushDownProperties m.config);

  # What modules declare at one level: name → { level; } or { option; } or, where that takes the place for its messages, { make; }.
  declare = modules:
    let
      placed = m:
        if isAttrs m.options then
          mapAttrs (name: options: { inherit (m) _file; inherit options; pos = builtins.unsafeGetAttrPos name m.options; }) m.options
        else
          { "" = { inherit (m) _file options; }; };
      byName = zipAttrsWith (_: ds: ds) (map placed (filter (m: m.options != { }) modules));
      names = mapAttrs (
        _: ds:
        let
          options = filter (d: d.options ? _type) ds;
          strange = filter (d: !(isOption d.options)) options;
        in
        if strange != [ ] then
          { make = loc: throw (noDeclaration loc (head strange)); }
        else if options == [ ] then
          { level = declare ds; }
        else if length options != length ds && !(all (d: d.options.type.name or null == "submodule") options) then
          { make = loc: throw (noParent loc (head options) (filter (d: !(d.options ? _type)) ds)); }
        else if length ds == 1 then
          { option = lib.declaredOnce (head ds); }
        else
          { make = loc: lib.mergeOptionDecls loc (map inSubmodule ds); }
      ) byName;
    in
    {
      inherit names;
      nested = filter (name: names.${name} ? level) (attrNames names);
      # Something else than a set of options.
      wrong = byName."" or null;
    };

  # A set of options is one more module of the submodule that is declared in the same place.
  inSubmodule = d:
    if isOption d.options then
      d
    else
      d // { options = lib.mkOption { type = types.submoduleWith { modules = [ { inherit (d) options; } ]; shorthandOnlyDefinesConfig = null; }; }; };

  # One level of the tree: values, options, and the definitions that have no option.
  mergeLevel = loc: declared: defs:
    let
      defined = zipAttrsWith (_: ds: ds) (
        map (
          def:
          if isAttrs def.value then
            mapAttrs (_: value: { inherit (def) file; inherit value; }) def.value
          else
            throw "In module `${toString def.file}', you're trying to define a value of type `${builtins.typeOf def.value}' rather than an attribute set for the option `${showOption loc}'!${showDefs [ def ]}"
        ) defs
      );
      below = def: map (value: { inherit (def) file; inherit value; }) (pushDownProperties def.value);
      level = mapAttrs (
        name: d:
        if d ? level then
          mergeLevel (loc ++ [ name ]) d.level (concatMap below (defined.${name} or [ ]))
        else
          lib.evalDeclared (loc ++ [ name ]) d (defined.${name} or [ ])
      ) declared.names;
      unmatched =
        mapAttrs (_: map (def: def // { prefix = [ ]; })) (removeAttrs defined (attrNames declared.names))
        // lib.genAttrs declared.nested (name: level.${name}.unmatched);
    in
    if declared.wrong != null then
      throw (noOptions loc (head declared.wrong))
    else
      {
        inherit defined;
        config = mapAttrs (_: l: l.config) level;
        options = mapAttrs (_: l: l.options) level;
        unmatched =
          if defs == [ ] then
            [ ]
          else
            concatLists (attrValues (mapAttrs (name: map (def: def // { prefix = [ name ] ++ def.prefix; })) unmatched));
      };

  inherit (import ./complaints.nix lib) noDeclaration noOptions noParent noSuchOption;
in
{
  inherit evalModules prepareModules evalPrepared;
}
