# evalModules: modules in, { config; options; … } out. Names, results and messages are nixpkgs'.
lib:
let
  inherit (builtins) all any concatMap filter head length;
  inherit (lib) reverseList types;
  inherit (import ./levels.nix lib) declare definitionsBelow mergeLevel;
  inherit (import ./complaints.nix lib) noSuchOption;

  evalModules = { modules, specialArgs ? { }, prefix ? [ ], class ? null }:
    let given = { inherit modules specialArgs prefix class; }; in
    evaluate given (collectedParts given);

  # Parts as `evaluate` wants them, of modules that may have to be called first.
  collectedParts = { modules, specialArgs, class, ... }: { arguments, builtIn }:
    let
      collected = reverseList (
        lib.collectModules { inherit class arguments; modulesPath = specialArgs.modulesPath or ""; modules = modules ++ [ builtIn ]; }
      );
    in
    {
      declared = declareAlso (filter (m: m.key != builtIn.key) collected);
      definitions = concatMap definitionsOf collected;
    };

  # A set of modules that is evaluated again and again, as that of a submodule: what does not depend on its arguments is done once.
  # Of the definitions that it will be evaluated with, `isShorthand` ones are the configuration itself, any other is a module.
  prepareModules = { modules, specialArgs, class, isShorthand }:
    let
      constant = lib.partition lib.isConstantModule modules;
      found = lib.collectModules { inherit class; modules = constant.right; arguments = { }; modulesPath = ""; };
      count = length constant.right;
    in
    {
      inherit modules specialArgs class isShorthand;
      called = constant.wrong;
      declared = declareAlso (reverseList found);
      # Definitions of the modules given, and of those that these import.
      own = concatMap definitionsOf (reverseList (lib.take count found));
      imported = concatMap definitionsOf (reverseList (lib.drop count found));
    };

  # Evaluates prepared modules with definitions [{ file; value; }].
  evalPrepared = prepared: { prefix, definitions }:
    let
      inherit (prepared) class isShorthand specialArgs;
      name = lib.last prefix;
      asModule = def: if isShorthand def then { _file = def.file; config = def.value; } else lib.setDefaultModuleLocation def.file def.value;
      given = {
        inherit specialArgs class prefix;
        modules = prepared.modules ++ [ { _module.args.name = name; } ] ++ map asModule definitions;
      };
      plain = lib.partition isShorthand definitions;
      called = prepared.called ++ map asModule plain.wrong;
      count = length called;
      # All definitions, in the order in which `collectedParts` would find them.
      quickDefinitions = builtIn: found:
        let
          more = builtIn.config._module;
          named = { file = builtIn._file; value._module = more // { args = more.args // { inherit name; }; }; };
        in
        if called == [ ] then
          prepared.imported ++ [ named ] ++ reverseList plain.right ++ prepared.own
        else
          concatMap definitionsOf (reverseList (lib.drop count found))
          ++ [ named ]
          ++ reverseList plain.right
          ++ concatMap definitionsOf (reverseList (lib.take count found));
      quickParts = { arguments, builtIn }@outer:
        let
          found = lib.collectModules { inherit class arguments; modulesPath = specialArgs.modulesPath or ""; modules = called; };
          declaring = filter (m: m.options != { }) found;
          declared = joined prepared.declared (declareAlso (reverseList declaring));
        in
        if called == [ ] then
          { inherit (prepared) declared; definitions = quickDefinitions builtIn [ ]; }
        else if any (m: m.disabledModules != [ ]) found || declaring != [ ] && declared == null then
          collectedParts given outer
        else
          {
            declared = if declaring == [ ] then prepared.declared else declared;
            definitions = quickDefinitions builtIn found;
          };
    in
    evaluate given (
      # Where both define something, their order is not clear here.
      if called == [ ] || prepared.own == [ ] && prepared.imported == [ ] then quickParts else collectedParts given
    );

  # `parts` answers what is declared and defined, given the modules' arguments and the module that is always there.
  evaluate = { modules, specialArgs, prefix, class }@given: parts:
    let
      arguments = {
        inherit options specialArgs;
        lib = lib.offered;
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

      # Nearly all evaluations say nothing else of `_module` than arguments; then no more of it needs to be looked at.
      ofModule = mergeLevel (prefix ++ [ "_module" ]) said.declared.builtIn (definitionsBelow merged.defined._module);
      usual = all (def: !(def.value ? _type) && removeAttrs def.value [ "args" "specialArgs" ] == { }) merged.defined._module;
      unmatched = lib.optionals (!usual) (map (def: def // { prefix = [ "_module" ] ++ def.prefix; }) ofModule.unmatched) ++ merged.unmatched;
      freeformType = if usual then null else ofModule.config.freeformType;
      free = freeformType.merge prefix (map (def: { inherit (def) file; value = lib.setAttrByPath def.prefix def.value; }) unmatched);
      values = if freeformType == null || unmatched == [ ] then merged.config else lib.recursiveUpdate free merged.config;
      config = values // { _module = ofModule.config; };
      # In a reference these stand once, not with every submodule.
      documented = lib.optionalAttrs (prefix == [ ]) { args = removeAttrs ofModule.options.args [ "internal" ]; };
      options = merged.options // { _module = ofModule.options // documented; };
      checked =
        if (usual || freeformType == null && ofModule.config.check) && unmatched != [ ] then
          throw (noSuchOption prefix options (head unmatched))
        else
          x: x;

      extendModules = { modules ? [ ], specialArgs ? { }, prefix ? given.prefix }:
        evalModules (given // { modules = given.modules ++ modules; specialArgs = given.specialArgs // specialArgs; inherit prefix; });
      type = types.submoduleWith { inherit modules specialArgs class; };
    in
    {
      _type = "configuration";
      options = checked options;
      config = checked values;
      _module = checked ofModule.config;
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

  # What modules declare, and at `builtIn` what is declared of `_module`: by this library and, seldom, by them too.
  declareAlso = modules:
    let
      declared = declare modules;
      alsoModule = declared.names ? _module;
      level = declare (filter (m: m.options ? _module) modules ++ [ builtInOptions ]);
    in
    declared
    // {
      names = removeAttrs declared.names [ "_module" ];
      levels = removeAttrs declared.levels [ "_module" ];
      listed = declared.listed ++ [ "_module" ];
      builtIn = if alsoModule then level.levels._module else builtInLevel;
      inherit alsoModule;
    };
  builtInLevel = (declare [ builtInOptions ]).levels._module;
  # What two groups of modules declare, or null where both speak of the same names.
  joined = one: other:
    if one ? wrong || other ? wrong || other.alsoModule || builtins.intersectAttrs one.names other.names != { } then
      null
    else
      one // { names = one.names // other.names; levels = one.levels // other.levels; listed = one.listed ++ other.listed; };

  definitionsOf = m: if m.config == { } then [ ] else map (value: { file = m._file; inherit value; }) (lib.pushDownProperties m.config);
in
{
  inherit evalModules prepareModules evalPrepared;
}
