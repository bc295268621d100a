# Questions to a module system, each with its answer: [{ name; got; want; }]. The same file is asked of nixpkgs' lib too.
{ lib }:
let
  inherit (lib) mkOption types mkIf mkMerge mkDefault mkForce mkBefore mkAfter mkOrder;
  eval = modules: (lib.evalModules { inherit modules; }).config;
  opt = type: mkOption { inherit type; };
  list = { options.x = opt (types.listOf types.str); };
  one = type: modules: (eval ([ { options.x = opt type; } ] ++ modules)).x;
  case = name: got: want: { inherit name got want; };
in
[
  (case "lists of several modules are joined, the last module's first" (eval [ list { x = [ "a" ]; } { x = [ "b" ]; } ]).x [ "b" "a" ])
  (case "mkBefore and mkAfter order them" (eval [ list { x = mkAfter [ "z" ]; } { x = [ "m" ]; } { x = mkBefore [ "a" ]; } ]).x [ "a" "m" "z" ])
  (case "mkOrder is finer" (eval [ list { x = mkOrder 1200 [ "b" ]; } { x = mkOrder 1100 [ "a" ]; } ]).x [ "a" "b" ])
  (case "imports come before what imports them" (eval [ list { imports = [ { x = [ "a" ]; } ]; x = [ "b" ]; } ]).x [ "a" "b" ])
  (case "mkForce beats a plain value" (one types.int [ { x = 1; } { x = mkForce 2; } ]) 2)
  (case "a plain value beats mkDefault" (one types.int [ { x = mkDefault 1; } { x = 2; } ]) 2)
  (case "mkDefault beats the option's default" (eval [ { options.x = mkOption { type = types.int; default = 0; }; } { x = mkDefault 1; } ]).x 1)
  (case "mkIf drops a definition" (one types.lines [ { x = "a"; } { x = mkIf false "b"; } { config = mkIf true { x = "c"; }; } ]) "c\na")
  (case "mkMerge gives several" (one types.lines [ { config = mkMerge [ { x = "a"; } { x = "b"; } ]; } ]) "a\nb")
  (case "conditions may depend on other options" (eval [ list { options.on = opt types.bool; config.on = true; } ({ config, ... }: { config = mkIf config.on { x = [ "a" ]; }; }) ]).x [ "a" ])
  (case "a false condition in attrsOf leaves no attribute" (one (types.attrsOf types.int) [ { x.a = mkIf false 1; x.b = 2; } ]) { b = 2; })
  (case "attrsOf joins and overrides inside" (one (types.attrsOf types.int) [ { x.a = mkDefault 1; } { x.a = 2; x.b = 3; } ]) { a = 2; b = 3; })
  (case "a submodule knows its name and its own config" (one (types.attrsOf (types.submodule ({ name, config, ... }: {
    options.y = mkOption { type = types.str; default = name; };
    options.z = mkOption { type = types.str; default = "${config.y}!"; };
  }))) [ { x.a = { }; x.b.y = "B"; } ]) { a = { y = "a"; z = "a!"; }; b = { y = "B"; z = "B!"; }; })
  (case "modules of a submodule may be functions" (one (types.submodule { options.y = opt types.int; options.z = opt types.int; }) [ { x = { config, ... }: { y = config.z + 1; }; } { x.z = 1; } ]) { y = 2; z = 1; })
  (case "nullOr" [ (one (types.nullOr types.int) [ { x = null; } ]) (one (types.nullOr types.int) [ { x = 1; } ]) ] [ null 1 ])
  (case "enum" (one (types.enum [ "a" "b" ]) [ { x = "b"; } ]) "b")
  (case "either takes both" [ (one (types.either types.int types.str) [ { x = 1; } ]) (one (types.either types.int types.str) [ { x = "s"; } ]) ] [ 1 "s" ])
  (case "coercedTo converts" (one (types.coercedTo types.int toString types.str) [ { x = 1; } ]) "1")
  (case "anything merges deeply" (one types.anything [ { x.a.b = 1; } { x.a.c = [ 2 ]; } ]) { a = { b = 1; c = [ 2 ]; }; })
  (case "apply changes what is read" (eval [ { options.x = mkOption { type = types.int; apply = x: x + 1; }; config.x = 1; } ]).x 2)
  (case "_module.args reach modules" (eval [ list { _module.args.who = "me"; } ({ who, ... }: { x = [ who ]; }) ]).x [ "me" ])
  (case "an option can be asked whether it is set" (eval [ list { options.y = opt types.int; } ({ options, lib, ... }: { x = [ (lib.boolToString options.y.isDefined) ]; }) ]).x [ "false" ])
  (case "a wrong type is an error" (builtins.tryEval (one types.int [ { x = "a"; } ])).success false)
  (case "two values are an error" (builtins.tryEval (one types.int [ { x = 1; } { x = 2; } ])).success false)
  (case "an unknown option is an error" (builtins.tryEval (eval [ list { x = [ ]; y = 1; } ]).x).success false)
  (case "no value is an error" (builtins.tryEval (one types.int [ ])).success false)
  (case "a second declaration with a type of its own is an error" (builtins.tryEval (eval [ list { options.x = opt types.int; config.x = [ ]; } ]).x).success false)
]
