# What a definition may say besides its value: conditions, several at once, priority and order; and how it is read off again.
lib:
let
  inherit (builtins) any concatMap filter foldl' head isAttrs isBool length mapAttrs sort;
  kind = value: value._type or "";
  # The priority of a definition that says none; the lower one wins.
  plainPriority = 100;
  plainOrder = 1000;
  priorityOf = def: if def.value ? _type && def.value._type == "override" then def.value.priority else plainPriority;
  withoutPriority = def: if def.value ? _type && def.value._type == "override" then def // { value = def.value.content; } else def;
in
rec {
  mkIf = condition: content: { _type = "if"; inherit condition content; };
  mkMerge = contents: { _type = "merge"; inherit contents; };
  mkOverride = priority: content: { _type = "override"; inherit priority content; };
  mkOptionDefault = mkOverride 1500;
  mkDefault = mkOverride 1000;
  mkImageMediaOverride = mkOverride 60;
  mkForce = mkOverride 50;
  mkVMOverride = mkOverride 10;
  mkOrder = priority: content: { _type = "order"; inherit priority content; };
  mkBefore = mkOrder 500;
  mkAfter = mkOrder 1500;
  # A value with the file that it is to be known by: { file; value; }.
  mkDefinition = { file, value, ... }@def: def // { _type = "definition"; };
  mkAssert = condition: message: mkIf (condition || throw "\nFailed assertion: ${message}");

  # The definitions of an option once more, for another one: `mkAliasDefinitions options.old`.
  mkAliasDefinitions = mkAliasAndWrapDefinitions (x: x);
  mkAliasAndWrapDefinitions = wrap: option: mkIf option.isDefined (wrap (mkMerge option.definitions));
  mkAliasAndWrapDefsWithPriority = wrap: option:
    mkIf option.isDefined (wrap (mkMerge (map (mkOverride (option.highestPrio or plainPriority)) option.definitions)));
  # A definition made from an option's value, as strong as that option's own.
  mkDerivedConfig = option: f: mkOverride (option.highestPrio or plainPriority) (f option.value);
  # Changes the value of a definition and keeps all that is said about it.
  mapDefinitionValue = f: def:
    if kind def == "merge" then
      def // { contents = map (mapDefinitionValue f) def.contents; }
    else if builtins.elem (kind def) [ "if" "override" "order" ] then
      def // { content = mapDefinitionValue f def.content; }
    else if kind def == "definition" then
      def // { value = mapDefinitionValue f def.value; }
    else
      f def;

  defaultOverridePriority = plainPriority;
  defaultOrderPriority = plainOrder;

  # What is said of a set of options, moved onto each option in it: a list of sets. Conditions stay unevaluated, so they may
  # depend on the whole configuration.
  pushDownProperties = value:
    let inside = f: set: if isAttrs set then mapAttrs f set else set; in
    if !(value ? _type) then
      [ value ]
    else if value._type == "merge" then
      concatMap pushDownProperties value.contents
    else if value._type == "if" then
      map (inside (_: mkIf value.condition)) (pushDownProperties value.content)
    else if value._type == "override" then
      map (inside (_: mkOverride value.priority)) (pushDownProperties value.content)
    else
      [ value ];

  # The values of one definition whose conditions hold.
  dischargeProperties = value:
    if !(value ? _type) then
      [ value ]
    else if value._type == "merge" then
      concatMap dischargeProperties value.contents
    else if value._type == "if" then
      if isBool value.condition then
        if value.condition then dischargeProperties value.content else [ ]
      else
        throw "‘mkIf’ called with a non-Boolean condition"
    else
      [ value ];

  # Of definitions [{ file; value; }] the strongest, and how strong they are.
  filterOverrides = defs: (filterOverrides' defs).values;
  filterOverrides' = defs:
    let highestPrio = foldl' (best: def: lib.min best (priorityOf def)) 9999 defs; in
    {
      inherit highestPrio;
      values = map withoutPriority (filter (def: priorityOf def == highestPrio) defs);
    };

  # Definitions in the order that mkOrder asks for; those that ask for the same stay as they came.
  sortProperties = defs:
    let
      plain = def:
        if kind def.value == "order" then def // { value = def.value.content; inherit (def.value) priority; } else def;
      place = def: def.priority or plainOrder;
    in
    if any (def: def.value ? _type && def.value._type == "order") defs then sort (a: b: place a < place b) (map plain defs) else defs;

  # The definitions of one option that count, with nothing said about them any more: { values; highestPrio; }.
  finalDefinitions = defs:
    let
      holding = concatMap (
        def:
        map (value: if kind value == "definition" then value else { inherit (def) file; inherit value; }) (
          builtins.addErrorContext "while evaluating definitions from `${toString def.file}':" (dischargeProperties def.value)
        )
      ) defs;
      strongest = filterOverrides' holding;
      only = head defs;
    in
    # Nearly all options have one definition that says nothing or only how strong it is.
    if length defs == 1 && !(only.value ? _type) then
      { values = defs; highestPrio = plainPriority; }
    else if length defs == 1 && only.value._type == "override" && !(only.value.content ? _type) then
      { values = [ { inherit (only) file; value = only.value.content; } ]; highestPrio = only.value.priority; }
    else
      { values = sortProperties strongest.values; inherit (strongest) highestPrio; };
}
