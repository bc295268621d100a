# Options that were renamed, changed or removed.
{ lib }:
let
  inherit (lib) mkOption mkForce types;
  messages = {
    options.warnings = mkOption { type = types.listOf types.str; default = [ ]; };
    options.assertions = mkOption { type = types.listOf types.attrs; default = [ ]; };
  };
  eval = modules: (lib.evalModules { modules = [ messages ] ++ modules; }).config;
  new = { options.new.place = mkOption { type = types.listOf types.int; default = [ ]; }; };
  renamed = lib.mkRenamedOptionModule [ "old" "place" ] [ "new" "place" ];
  single = { options.new = mkOption { type = types.int; default = 0; }; };
in
{
  "a renamed option's definitions count for the new one" = { expr = (eval [ new renamed { old.place = [ 1 ]; } { new.place = [ 2 ]; } ]).new.place; want = [ 2 1 ]; };
  "with their priority" = { expr = (eval [ single (lib.mkRenamedOptionModule [ "old" ] [ "new" ]) { old = mkForce 1; } { new = 2; } ]).new; want = 1; };
  "and warn with their file" = { expr = (eval [ new renamed { _file = "here.nix"; old.place = [ 1 ]; } ]).warnings; want = [ "The option `old.place' defined in `here.nix' has been renamed to `new.place'." ]; };
  "nothing is said where nobody uses it" = { expr = let c = eval [ new renamed { new.place = [ 1 ]; } ]; in [ c.warnings c.new.place ]; want = [ [ ] [ 1 ] ]; };
  "an alias is another name" = { expr = let c = eval [ new (lib.mkAliasOptionModule [ "other" ] [ "new" "place" ]) { other = [ 1 ]; } ]; in [ c.warnings c.new.place c.other ]; want = [ [ ] [ 1 ] [ 1 ] ]; };
  "a set of options renamed as a whole" = { expr = (eval [ { options.new.a = mkOption { default = 0; }; options.new.b = mkOption { default = 0; }; } (lib.mkAliasOptionModule [ "old" ] [ "new" ]) { old.a = 1; } ]).new; want = { a = 1; b = 0; }; };
  "without an option for warnings" = { expr = (lib.evalModules { modules = [ single (lib.mkRenamedOptionModule [ "old" ] [ "new" ]) { old = 1; } ]; }).config.new; want = 1; };
  "a removed option fails an assertion that says where and what to do" = {
    expr = (eval [ (lib.mkRemovedOptionModule [ "old" ] "Use `new'.") { _file = "here.nix"; old = 1; } ]).assertions;
    want = [ { assertion = false; message = "The option definition `old' in `here.nix' no longer has any effect; please remove it.\nUse `new'.\n"; } ];
  };
  "and holds where nobody uses it" = { expr = map (a: a.assertion) (eval [ (lib.mkRemovedOptionModule [ "old" ] "Use `new'.") ]).assertions; want = [ true ]; };
  "a changed option's value is converted" = {
    expr = let c = eval [ { options.size = mkOption { type = types.str; default = "?"; }; } (lib.mkChangedOptionModule [ "count" ] [ "size" ] (config: if config.count > 3 then "big" else "small")) { _file = "here.nix"; count = 5; } ]; in [ c.size c.warnings ];
    want = [ "big" [ "The option `count' defined in `here.nix' has been changed to `size' that has a different type. Please read `size' documentation and update your configuration accordingly." ] ];
  };
  "several old options make one new" = {
    expr = (eval [ { options.size = mkOption { type = types.str; default = "?"; }; } (lib.mkMergedOptionModule [ [ "a" ] [ "b" ] ] [ "size" ] (config: if config.a == true then "a" else "b")) { a = true; } ]).size;
    want = "a";
  };
  "the new default holds where no old one is set" = { expr = (eval [ { options.size = mkOption { type = types.str; default = "?"; }; } (lib.mkChangedOptionModule [ "count" ] [ "size" ] (_: "x")) ]).size; want = "?"; };

  "reading a removed option" = { expr = (eval [ (lib.mkRemovedOptionModule [ "old" ] "Use `new'.") { old = 1; } ]).old; error = [ "The option `old' can no longer be used since it's been removed. Use `new'" ]; };
  "a wrong value under the old name" = {
    expr = (eval [ single (lib.mkRenamedOptionModule [ "old" ] [ "new" ]) { _file = "here.nix"; old = "s"; } ]).new;
    error = [ "option `new' is not of type `signed integer'" ];
  };
}
