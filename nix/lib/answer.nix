# What the receiver is told of packages: those that it selected with their warnings and, where it asks for `others` too, the same of
# each other environment that is enabled and has no error of its own. `package` answers { drvPath; outPath; warnings; }.
{ environments, select, others, package }:
let
  selected = import ./selection.nix { inherit environments select; };
  # Not `outPath`: builtins.toJSON makes a set that has one into just that string.
  named = p: { inherit (p) drvPath; out = p.outPath; };
  enabled = builtins.filter (key: environments.${key}.enable or true) (builtins.attrNames environments);
  rest = builtins.filter (key: !(builtins.any (which: which.key == key) selected)) enabled;
  told = key:
    let
      of = package { inherit key; };
      answer = named of // { inherit (of) warnings; };
      tried = builtins.tryEval (builtins.deepSeq answer answer);
    in
    if tried.success then [ { name = key; inherit (tried) value; } ] else [ ];
in
{
  inherit selected;
  packages = builtins.listToAttrs (map (which: { name = which.key; value = named (package which); }) selected);
  more = if others && builtins.length rest <= 16 then { others = builtins.listToAttrs (builtins.concatMap told rest); } else { };
}
