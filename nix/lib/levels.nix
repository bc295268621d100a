# The tree of options, level by level: what modules declare, and what becomes of their definitions.
lib:
let
  inherit (builtins) all attrNames attrValues concatLists concatMap filter head isAttrs length mapAttrs zipAttrsWith;
  inherit (lib) isOption pushDownProperties types;
  complaints = import ./complaints.nix lib;
in
rec {
  # What modules declare at one level: name → { level; }, or an option as `declaredOnce` has it, or { make; } where that takes the
  # place for its messages. What many evaluations share must not depend on the place.
  declare = modules:
    let
      sources = filter (m: m.options != { }) modules;
      only = head sources;
      named = m: name: options: { inherit (m) _file; inherit options; pos = builtins.unsafeGetAttrPos name m.options; };
      several = zipAttrsWith (_: ds: ds) (map (m: mapAttrs (named m) m.options) sources);
      names = if length sources == 1 then mapAttrs (name: options: declareOne (named only name options)) only.options else mapAttrs (_: declareAll) several;
      listed = attrNames names;
      wrong = filter (m: !(isAttrs m.options)) sources;
    in
    if wrong == [ ] then
      {
        inherit names listed;
        levels = mapAttrs (_: d: d.level) (removeAttrs names (filter (name: !(names.${name} ? level)) listed));
      }
    else
      { names = { }; listed = [ ]; levels = { }; wrong = loc: throw (complaints.noOptions loc (head wrong)); };

  declareOne = d:
    if !(d.options ? _type) then
      { level = declare [ d ]; }
    else if d.options._type == "option" then
      lib.declaredOnce d
    else
      { make = loc: throw (complaints.noDeclaration loc d); };

  declareAll = ds:
    let
      options = filter (d: d.options ? _type) ds;
      strange = filter (d: !(isOption d.options)) options;
    in
    if length ds == 1 then
      declareOne (head ds)
    else if options == [ ] then
      { level = declare ds; }
    else if strange != [ ] then
      declareOne (head strange)
    else if length options == length ds || all (d: d.options.type.name or null == "submodule") options then
      { make = loc: lib.mergeDeclarations loc (map inSubmodule ds); }
    else
      { make = loc: throw (complaints.noParent loc (head options) (filter (d: !(d.options ? _type)) ds)); };

  # A set of options is one more module of the submodule that is declared in the same place.
  inSubmodule = d:
    if isOption d.options then
      d
    else
      d // { options = lib.mkOption { type = types.submoduleWith { modules = [ { inherit (d) options; } ]; shorthandOnlyDefinesConfig = null; }; }; };

  # Definitions of a set of options, as `mergeLevel` takes them.
  definitionsBelow = concatMap (def: map (value: { inherit (def) file; inherit value; }) (pushDownProperties def.value));

  # One level of the tree: values, options, and the definitions that have no option.
  mergeLevel = loc: declared: defs:
    let
      placed = def:
        if isAttrs def.value then
          mapAttrs (_: value: { inherit (def) file; inherit value; }) def.value
        else
          throw (complaints.noSet loc def);
      defined = zipAttrsWith (_: ds: ds) (map placed defs);
      nested = mapAttrs (name: level: mergeLevel (loc ++ [ name ]) level (definitionsBelow (defined.${name} or [ ]))) declared.levels;
      config = mapAttrs (
        name: d:
        if d ? level then
          nested.${name}.config
        else
          let here = loc ++ [ name ]; in lib.valueOf here (if d ? make then d.make here else d) (defined.${name} or [ ])
      ) declared.names;
      options = mapAttrs (
        name: d:
        if d ? level then
          nested.${name}.options
        else
          let here = loc ++ [ name ]; in lib.optionOf here (if d ? make then d.make here else d) (defined.${name} or [ ]) config.${name}
      ) declared.names;
      stray = removeAttrs defined declared.listed;
      unmatched = mapAttrs (_: map (def: def // { prefix = [ ]; })) stray // mapAttrs (_: level: level.unmatched) nested;
    in
    if declared ? wrong then
      declared.wrong loc
    else
      {
        inherit defined config options;
        unmatched =
          if defs == [ ] || stray == { } && declared.levels == { } then
            [ ]
          else
            concatLists (attrValues (mapAttrs (name: map (def: def // { prefix = [ name ] ++ def.prefix; })) unmatched));
      };
}
