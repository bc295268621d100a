# Properties of definitions: conditions, merges, priorities and order; and how each is taken off a value again.
lib: rec {
  mkIf = condition: content: { _type = "if"; inherit condition content; };
  mkMerge = contents: { _type = "merge"; inherit contents; };
  mkOverride = priority: content: { _type = "override"; inherit priority content; };
  mkOptionDefault = mkOverride 1500;
  mkDefault = mkOverride 1000;
  mkForce = mkOverride 50;
  mkOrder = priority: content: { _type = "order"; inherit priority content; };
  mkBefore = mkOrder 500;
  mkAfter = mkOrder 1500;
  mkAssert = condition: message: content: mkIf (if condition then true else throw "assertion failed: ${message}") content;

  # The properties of a set of options, moved onto each option in it: a list of plain sets. Conditions stay unevaluated.
  pushDownProperties = value:
    if value._type or "" == "merge" then
      builtins.concatMap pushDownProperties value.contents
    else if value._type or "" == "if" then
      map (builtins.mapAttrs (_: mkIf value.condition)) (pushDownProperties value.content)
    else if value._type or "" == "override" then
      map (builtins.mapAttrs (_: mkOverride value.priority)) (pushDownProperties value.content)
    else
      [ value ];

  # Conditions and merges of one option's value taken off: the list of values that hold.
  dischargeProperties = value:
    if value._type or "" == "merge" then
      builtins.concatMap dischargeProperties value.contents
    else if value._type or "" == "if" then
      if builtins.isBool value.condition then
        if value.condition then dischargeProperties value.content else [ ]
      else
        throw "`mkIf' called with a condition that is not a Boolean"
    else
      [ value ];

  # Of definitions [{ file; value; }] those with the strongest (lowest) priority; 100 when none is given.
  filterOverrides = defs:
    let
      priority = def: if def.value._type or "" == "override" then def.value.priority else 100;
      strongest = builtins.foldl' (best: def: lib.min best (priority def)) 9999 defs;
      strip = def: if def.value._type or "" == "override" then def // { value = def.value.content; } else def;
    in
    map strip (builtins.filter (def: priority def == strongest) defs);

  # Definitions in the order that mkOrder asks for; equal ones stay as they came.
  sortProperties = defs:
    let
      strip = def:
        if def.value._type or "" == "order" then
          def // { value = def.value.content; inherit (def.value) priority; }
        else
          def;
      priority = def: def.priority or 1000;
    in
    if builtins.any (def: def.value._type or "" == "order") defs then
      builtins.sort (a: b: priority a < priority b) (map strip defs)
    else
      defs;

}
