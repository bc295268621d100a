# Types made of modules and options: a set of options inside of an option, a module kept for later, one option of several, and the
# type of types.
lib:
let
  inherit (builtins) attrNames head isAttrs isPath isString length;
  inherit (lib) toList types;
  isModule = x: isAttrs x || lib.isFunction x || isPath x || isString x && lib.hasPrefix "/" x;

  submoduleWith =
    { modules, specialArgs ? { }, shorthandOnlyDefinesConfig ? false, description ? null, class ? null }@given:
    let
      prepared = lib.prepareModules {
        inherit modules specialArgs class;
        # Whether a definition is taken as settings, not as a module.
        isShorthand = def: shorthandOnlyDefinesConfig == true && isAttrs def.value;
      };
      unnamed = { _module.args.name = lib.mkOptionDefault "‹name›"; };
      # Not of any value: for the type's own facts.
      evaluated = more: prefix: lib.evalModules { inherit class specialArgs prefix; modules = [ unnamed ] ++ modules ++ more; };
      unchecked = evaluated [ { _module.check = lib.mkForce false; } ];
      open = (unchecked [ ])._module.freeformType;
    in
    types.lookingIn {
      name = "submodule";
      description =
        if description != null then
          description
        else if open ? description then
          "open submodule of ${types.phrase [ "noun" "composite" ] open}"
        else
          "submodule";
      check = isModule;
      merge = loc: defs:
        (lib.evalPrepared prepared {
          prefix = loc;
          definitions = defs;
        }).config;
      emptyValue.value = (evaluated [ ] [ ]).config;
      getSubOptions = prefix:
        (unchecked prefix).options // lib.optionalAttrs (open != null) { _freeformOptions = open.getSubOptions prefix; };
      getSubModules = modules;
      substSubModules = modules: submoduleWith (given // { inherit modules; });
      nestedTypes = lib.optionalAttrs (open != null) { freeformType = open; };
      functor = types.defaultFunctor "submodule" // {
        payload = { inherit modules specialArgs shorthandOnlyDefinesConfig description class; };
        type = submoduleWith;
        binOp = a: b:
          let
            conflict = what: throw "A submoduleWith option is declared multiple times with ${what}";
            common = attrNames (builtins.intersectAttrs a.specialArgs b.specialArgs);
            # What only one of the two says, or both alike.
            agreed = field: what:
              if a.${field} == null then b.${field} else if b.${field} == null || a.${field} == b.${field} then a.${field} else conflict what;
          in
          {
            modules = a.modules ++ b.modules;
            specialArgs = if common == [ ] then a.specialArgs // b.specialArgs else conflict "the same specialArgs \"${toString common}\"";
            class = agreed "class" "conflicting class values \"${toString a.class}\" and \"${toString b.class}\".";
            shorthandOnlyDefinesConfig = agreed "shorthandOnlyDefinesConfig" "conflicting shorthandOnlyDefinesConfig values";
            description = agreed "description" "conflicting descriptions";
          };
      };
    };

  # The modules that are defined, as one module: for `imports` somewhere else.
  deferredModuleWith = { staticModules ? [ ] }:
    let ofStatic = submoduleWith { modules = staticModules; }; in
    types.mkOptionType {
      name = "deferredModule";
      description = "module";
      descriptionClass = "noun";
      check = isModule;
      merge = loc: defs: {
        imports = staticModules ++ map (def: lib.setDefaultModuleLocation "${toString def.file}, via option ${lib.showOption loc}" def.value) defs;
      };
      inherit (ofStatic) getSubOptions getSubModules;
      substSubModules = modules: deferredModuleWith { staticModules = modules; };
      functor = types.defaultFunctor "deferredModuleWith" // {
        payload = { inherit staticModules; };
        type = deferredModuleWith;
        binOp = a: b: { staticModules = a.staticModules ++ b.staticModules; };
      };
    };
in
{
  inherit submoduleWith deferredModuleWith;
  # A set that is defined is taken as settings, not as a module.
  submodule = modules: submoduleWith { modules = toList modules; shorthandOnlyDefinesConfig = true; };
  deferredModule = deferredModuleWith { };
  # The type of types; several become the one that two declarations of an option would have.
  optionType = types.mkOptionType {
    name = "optionType";
    description = "optionType";
    descriptionClass = "noun";
    check = lib.isOptionType;
    merge = loc: defs:
      if length defs == 1 then
        (head defs).value
      else
        (lib.mergeOptionDecls loc (map (def: { _file = def.file; options = lib.mkOption { type = def.value; }; }) defs)).type;
  };

  # A set with exactly one of these names: `attrTag { port = mkOption { … }; socket = mkOption { … }; }`.
  attrTag = tags:
    let
      names = lib.concatMapStringsSep ", " lib.escapeNixIdentifier (attrNames tags);
      placed = builtins.mapAttrs (
        name: option:
        let pos = builtins.unsafeGetAttrPos name tags; in
        lib.throwIfNot (lib.isOption option) "In attrTag, each tag value must be an option, but tag ${lib.escapeNixIdentifier name} was ${
          if lib.isOptionType option then "a bare type, not wrapped in mkOption." else "not."
        }" (
          {
            declarations = if pos == null then [ ] else [ pos.file ];
            declarationPositions = if pos == null then [ ] else [ pos ];
          }
          // option
        )
      ) tags;
    in
    types.mkOptionType {
      name = "attrTag";
      description = "attribute-tagged union with choices: ${names}";
      descriptionClass = "noun";
      check = x: isAttrs x && length (attrNames x) == 1 && tags ? ${head (attrNames x)};
      getSubOptions = prefix: builtins.mapAttrs (name: option: option // { loc = prefix ++ [ name ]; }) placed;
      merge = loc: defs:
        let
          chosen = map (def: head (attrNames def.value)) defs;
          tag = head chosen;
          other = lib.findFirst (name: name != tag) null chosen;
        in
        if other != null then
          throw "The option `${lib.showOption loc}` is defined both as `${tag}` and `${other}`, in ${lib.showFiles (lib.getFiles defs)}."
        else
          { ${tag} = (lib.evalOptionValue (loc ++ [ tag ]) placed.${tag} (map (def: { inherit (def) file; value = def.value.${tag}; }) defs)).value; };
      nestedTypes = placed;
      functor = types.defaultFunctor "attrTag" // {
        payload.tags = placed;
        type = payload: types.attrTag payload.tags;
        binOp = a: b: {
          tags =
            a.tags // b.tags
            // builtins.mapAttrs (
              name: option:
              lib.mergeOptionDecls [ name ] (map (options: { _file = "<attrTag {...}>"; inherit options; }) [ a.tags.${name} option ])
              // {
                declarations = a.tags.${name}.declarations ++ option.declarations;
                declarationPositions = a.tags.${name}.declarationPositions ++ option.declarationPositions;
              }
            ) (builtins.intersectAttrs a.tags b.tags);
        };
      };
    };
}
