# Which packages the receiver wants: a list of { key; extends; schedules; } as ./project.nix takes them.
{ environments, select }:
let
  enabled = builtins.filter (key: environments.${key}.enable or true) (builtins.attrNames environments);
  byRef = builtins.filter (key: (environments.${key}.hostenv.gitRef or key) == select.ref) enabled;
  declared = map (key: { inherit key; });
in
if select ? extends then
  if environments ? ${select.extends} then [ (builtins.intersectAttrs { key = null; extends = null; schedules = null; } select) ] else [ ]
else if select ? key then
  # The policy in force decides whether it is enabled, not this commit.
  declared (builtins.filter (key: key == select.key) (builtins.attrNames environments))
else if !(select ? ref) then
  [ ]
else if byRef != [ ] then
  declared byRef
else
  declared (builtins.filter (key: key == select.ref) enabled)
