# What definitions say besides their values: conditions, several at once, priorities, order.
{ lib }:
let
  inherit (lib) mkOption types mkIf mkMerge mkDefault mkForce mkOverride mkBefore mkAfter mkOrder;
  eval = modules: (lib.evalModules { inherit modules; }).config;
  one = type: modules: (eval ([ { options.x = mkOption { inherit type; }; } ] ++ modules)).x;
  list = one (types.listOf types.str);
in
{
  "lists of several modules are joined, the last module's first" = { expr = list [ { x = [ "a" ]; } { x = [ "b" ]; } ]; want = [ "b" "a" ]; };
  "imports come before what imports them" = { expr = list [ { imports = [ { x = [ "a" ]; } ]; x = [ "b" ]; } ]; want = [ "a" "b" ]; };
  "all imports of one depth come before those that import them" = {
    expr = list [ { imports = [ { imports = [ { x = [ "deep" ]; } ]; x = [ "a" ]; } { x = [ "b" ]; } ]; x = [ "top" ]; } { x = [ "last" ]; } ];
    want = [ "deep" "b" "a" "last" "top" ];
  };
  "mkBefore and mkAfter order" = { expr = list [ { x = mkAfter [ "z" ]; } { x = [ "m" ]; } { x = mkBefore [ "a" ]; } ]; want = [ "a" "m" "z" ]; };
  "mkOrder is finer" = { expr = list [ { x = mkOrder 1200 [ "b" ]; } { x = mkOrder 1100 [ "a" ]; } ]; want = [ "a" "b" ]; };
  "order inside of mkIf and mkMerge" = {
    expr = list [ { x = mkMerge [ (mkAfter [ "z" ]) (mkIf true (mkBefore [ "a" ])) [ "m" ] ]; } ];
    want = [ "a" "m" "z" ];
  };
  "order inside of a priority" = { expr = list [ { x = mkForce (mkAfter [ "z" ]); } { x = mkForce [ "a" ]; } { x = [ "gone" ]; } ]; want = [ "a" "z" ]; };
  "what is ordered alike keeps its order" = {
    expr = list [ { x = mkAfter [ "1" ]; } { x = mkAfter [ "2" ]; } { x = mkAfter [ "3" ]; } ];
    want = [ "3" "2" "1" ];
  };
  "lines and their order" = { expr = one types.lines [ { x = "b"; } { x = mkBefore "a"; } { x = mkIf false "no"; } ]; want = "a\nb"; };

  "mkForce beats a plain value" = { expr = one types.int [ { x = 1; } { x = mkForce 2; } ]; want = 2; };
  "a plain value beats mkDefault" = { expr = one types.int [ { x = mkDefault 1; } { x = 2; } ]; want = 2; };
  "mkDefault beats the option's default" = {
    expr = (eval [ { options.x = mkOption { type = types.int; default = 0; }; } { x = mkDefault 1; } ]).x;
    want = 1;
  };
  "mkOptionDefault is as strong as the option's default" = {
    expr = (eval [ { options.x = mkOption { type = types.listOf types.int; default = [ 0 ]; }; } { x = lib.mkOptionDefault [ 1 ]; } ]).x;
    want = [ 0 1 ];
  };
  "mkVMOverride beats mkForce, and a number says it exactly" = {
    expr = [ (one types.int [ { x = mkForce 1; } { x = lib.mkVMOverride 2; } ]) (one types.int [ { x = mkOverride 9 3; } { x = lib.mkVMOverride 2; } ]) ];
    want = [ 2 3 ];
  };
  "mkDerivedConfig is as strong as the option it is made from" = {
    expr = (eval [ { options.x = mkOption { type = types.str; }; options.y = mkOption { type = types.str; }; } ({ options, ... }: { x = mkForce "a"; y = lib.mkDerivedConfig options.x (x: x + "!"); }) { y = "weaker"; } ]).y;
    want = "a!";
  };
  "a priority around a set is one of each option in it" = {
    expr = (eval [ { options.a.x = mkOption { type = types.int; }; options.a.y = mkOption { type = types.int; }; } { a = mkForce { x = 1; }; } { a = { x = 2; y = 2; }; } ]).a;
    want = { x = 1; y = 2; };
  };
  "a priority around the whole configuration" = {
    expr = one types.int [ { config = mkDefault { x = 1; }; } { x = 2; } ];
    want = 2;
  };

  "mkIf drops a definition" = { expr = one types.lines [ { x = "a"; } { x = mkIf false "b"; } { config = mkIf true { x = "c"; }; } ]; want = "c\na"; };
  "a condition that does not hold is not looked into" = { expr = one types.int [ { x = 1; } { x = mkIf false (throw "looked"); } ]; want = 1; };
  "conditions may depend on other options, from outside of the set" = {
    expr = (eval [
      { options.on = mkOption { type = types.bool; }; options.x = mkOption { type = types.int; default = 0; }; config.on = true; }
      ({ config, ... }: { config = mkIf config.on { x = 1; }; })
    ]).x;
    want = 1;
  };
  "a condition may depend on the set that it is in" = {
    expr = (eval [
      { options.a.on = mkOption { type = types.bool; }; options.a.x = mkOption { type = types.int; default = 0; }; }
      ({ config, ... }: { a = mkMerge [ { on = true; } (mkIf config.a.on { x = 1; }) ]; })
    ]).a.x;
    want = 1;
  };
  "mkIf as a module" = { expr = one types.int [ (mkIf true { x = 1; }) ]; want = 1; };
  "a function that answers mkIf" = { expr = one types.int [ ({ lib, ... }: lib.mkIf true { x = 1; }) ]; want = 1; };
  "mkMerge gives several, its last one not first" = { expr = one types.lines [ { config = mkMerge [ { x = "a"; } { x = "b"; } ]; } ]; want = "a\nb"; };
  "mkMerge of nothing defines nothing" = { expr = (eval [ { options.x = mkOption { default = 3; }; } { x = mkMerge [ ]; } ]).x; want = 3; };
  "mkAssert lets good ones by" = { expr = one types.int [ { x = lib.mkAssert true "no" 1; } ]; want = 1; };
  "properties inside of sets and lists" = {
    expr = [
      (one (types.attrsOf types.int) [ { x.a = mkIf false 1; x.b = mkDefault 2; } { x.b = 3; } ])
      (one (types.listOf types.int) [ { x = [ (mkIf false 1) 2 (mkIf true 3) (mkMerge [ ]) ]; } ])
      (one (types.attrsOf (types.listOf types.int)) [ { x.a = mkAfter [ 2 ]; } { x.a = [ 1 ]; } ])
    ];
    want = [ { b = 3; } [ 2 3 ] { a = [ 1 2 ]; } ];
  };
  "a definition that brings its own file" = {
    expr = map (d: { inherit (d) file value; }) (lib.evalModules {
      modules = [ { options.x = mkOption { type = types.listOf types.int; }; config.x = lib.mkDefinition { file = "elsewhere.nix"; value = [ 1 ]; }; } ];
    }).options.x.definitionsWithLocations;
    want = [ { file = "elsewhere.nix"; value = [ 1 ]; } ];
  };
  "mkAliasDefinitions says all that another option's definitions say" = {
    expr = (eval [
      { options.x = mkOption { type = types.listOf types.int; }; options.y = mkOption { type = types.listOf types.int; }; }
      ({ options, ... }: { x = mkMerge [ [ 1 ] (mkAfter [ 2 ]) ]; y = lib.mkAliasDefinitions options.x; })
    ]).y;
    want = [ 1 2 ];
  };

  "two values" = {
    expr = one types.int [ { _file = "a.nix"; x = 1; } { _file = "b.nix"; x = 2; } ];
    error = [ "The option `x' has conflicting definition values" "In `b.nix': 2" "In `a.nix': 1" "mkForce" ];
  };
  "two values of the same strength" = {
    expr = one types.int [ { _file = "a.nix"; x = mkForce 1; } { _file = "b.nix"; x = mkForce 2; } { _file = "c.nix"; x = 3; } ];
    error = [ "`x' has conflicting" "`a.nix'" "`b.nix'" ];
  };
  "a condition that is no Boolean" = { expr = one types.int [ { x = mkIf "yes" 1; } ]; error = [ "mkIf.*non-Boolean" ]; };
  "mkAssert says why" = { expr = one types.int [ { x = lib.mkAssert false "not here" 1; } ]; error = [ "not here" ]; };
  "no value" = { expr = one types.int [ ]; error = [ "The option `x' (was accessed but has no value defined|is used but not defined)" ]; };
  "no value that holds" = { expr = one types.int [ { x = mkIf false 1; } ]; error = [ "`x' (was accessed but has no value|is used but)" ]; };
  "a deep option is named in full" = {
    expr = (eval [ { options.a."b c".d = mkOption { type = types.int; }; } { _file = "f.nix"; a."b c".d = "s"; } ]).a."b c".d;
    error = [ "option `a\\.\"b c\"\\.d' is not of type `signed integer'" "In `f.nix': \"s\"" ];
  };
}
