# What a module is: its forms, arguments, imports, keys, and modules that are left out.
{ lib }:
let
  inherit (lib) mkOption types;
  evaluate = modules: lib.evalModules { inherit modules; };
  eval = modules: (evaluate modules).config;
  x = { options.x = mkOption { type = types.listOf types.str; default = [ ]; }; };
in
{
  "config and options may be left out" = { expr = (eval [ x { x = [ "a" ]; } { config.x = [ "b" ]; } ]).x; want = [ "b" "a" ]; };
  "a file is a module" = { expr = (eval [ ./files/counter.nix ]).list; want = [ "from a file" ]; };
  "a file's name is one, too" = { expr = (eval [ (toString ./files/counter.nix) ]).list; want = [ "from a file" ]; };
  "a file is taken once" = { expr = (eval [ ./files/counter.nix { imports = [ ./files/counter.nix (toString ./files/counter.nix) ]; } ]).list; want = [ "from a file" ]; };
  "one key is taken once" = { expr = (eval [ x { key = "k"; x = [ "a" ]; } { imports = [ { key = "k"; x = [ "b" ]; } ]; } ]).x; want = [ "a" ]; };
  "the same set twice is two modules" = { expr = let m = { x = [ "a" ]; }; in (eval [ x m m ]).x; want = [ "a" "a" ]; };
  "disabledModules by path" = { expr = eval [ ./files/counter.nix { disabledModules = [ ./files/counter.nix ]; } ]; want = { }; };
  "disabledModules by its text" = { expr = eval [ ./files/counter.nix { disabledModules = [ (toString ./files/counter.nix) ]; } ]; want = { }; };
  "disabledModules below modulesPath" = {
    expr = (lib.evalModules { specialArgs.modulesPath = ./files; modules = [ ./files/counter.nix { disabledModules = [ "counter.nix" ]; } ]; }).config;
    want = { };
  };
  "disabledModules by key" = { expr = (eval [ x { key = "k"; x = [ "a" ]; } { disabledModules = [ { key = "k"; } ]; x = [ "b" ]; } ]).x; want = [ "b" ]; };
  "what only a left out module imports is left out" = { expr = (eval [ x { imports = [ { key = "k"; imports = [ { x = [ "a" ]; } ]; } ]; } { disabledModules = [ { key = "k"; } ]; } ]).x; want = [ ]; };
  "a module may be left out and replaced" = { expr = (eval [ ./files/counter.nix { disabledModules = [ ./files/counter.nix ]; options.list = mkOption { default = "mine"; }; } ]).list; want = "mine"; };

  "functions get lib, config and options" = { expr = (eval [ x ({ lib, config, options, ... }: { x = [ (lib.boolToString (config ? x)) (lib.boolToString (options ? x)) ]; }) ]).x; want = [ "true" "true" ]; };
  "a function may take its arguments as a whole" = { expr = (eval [ x (args: { x = [ (args.lib.boolToString (args ? config)) ]; }) ]).x; want = [ "true" ]; };
  "specialArgs, in imports as well" = { expr = (lib.evalModules { specialArgs.more = { x = [ "special" ]; }; modules = [ x ({ more, ... }: { imports = [ more ]; }) ]; }).config.x; want = [ "special" ]; };
  "specialArgs as an argument" = { expr = (lib.evalModules { specialArgs.who = "me"; modules = [ x ({ specialArgs, ... }: { x = [ specialArgs.who ]; }) ]; }).config.x; want = [ "me" ]; };
  "_module.args reach modules" = { expr = (eval [ x { _module.args.who = "me"; } ({ who, ... }: { x = [ who ]; }) ]).x; want = [ "me" ]; };
  "_module.args may be made of the configuration" = { expr = (eval [ x ({ config, ... }: { _module.args.count = toString (builtins.length config.x); }) ({ count, ... }: { options.y = mkOption { default = count; }; }) { x = [ "a" ]; } ]).y; want = "1"; };
  "_module.args heed priorities" = { expr = (eval [ x { _module.args.who = lib.mkDefault "weak"; } { _module.args.who = "me"; } ({ who, ... }: { x = [ who ]; }) ]).x; want = [ "me" ]; };
  "arguments that nobody uses are not evaluated" = { expr = (eval [ x { _module.args.who = throw "looked"; } ({ who, ... }: { x = [ "a" ]; }) ]).x; want = [ "a" ]; };
  "a set that is called like a function" = { expr = (eval [ x (lib.setFunctionArgs (args: { x = [ args.who ]; }) { who = false; }) { _module.args.who = "me"; } ]).x; want = [ "me" ]; };
  "a function in a file gets arguments" = { expr = (eval [ ({ lib, ... }: { imports = [ ./files/counter.nix ]; }) ]).list; want = [ "from a file" ]; };
  "importApply" = { expr = (evaluate [ { options.a = mkOption { }; } { imports = [ (lib.modules.importApply ./files/applied.nix { a = 1; }) ]; } ]).options.a.files; want = [ (toString ./files/applied.nix) ]; };
  "setDefaultModuleLocation names those that do not say" = {
    expr = (evaluate [ x (lib.setDefaultModuleLocation "named.nix" { x = [ "a" ]; }) (lib.setDefaultModuleLocation "named.nix" { _file = "own.nix"; x = [ "b" ]; }) ]).options.x.files;
    want = [ "own.nix" "named.nix" ];
  };
  "require is imports" = { expr = (eval [ x { require = [ { x = [ "a" ]; } ]; } ]).x; want = [ "a" ]; };
  "classes that agree" = { expr = (lib.evalModules { class = "hostenv"; modules = [ x { _class = "hostenv"; x = [ "a" ]; } { x = [ "b" ]; } ]; }).config.x; want = [ "b" "a" ]; };
  "meta is an option like others" = { expr = (eval [ { options.meta = mkOption { }; options.y = mkOption { default = 1; }; meta = "m"; } ]).meta; want = "m"; };
  "what evalModules answers" = { expr = let e = evaluate [ x ]; in [ e._type e.class (e ? options) (e ? type) (e ? extendModules) (e._module.args ? extendModules) ]; want = [ "configuration" null true true true true ]; };
  "only what is asked for is evaluated" = { expr = (eval [ { options.a = mkOption { }; options.b = mkOption { type = types.int; }; } { a = 1; b = throw "looked"; } ]).a; want = 1; };

  "an option that does not exist" = {
    expr = eval [ { options.port = mkOption { }; } { _file = "here.nix"; prot = 1; } ];
    error = [ "The option `prot' does not exist. Definition values:" "- In `here.nix': 1" "Did you mean `port'" ];
  };
  "deep down" = { expr = eval [ { options.a.b.c = mkOption { }; } { _file = "here.nix"; a.b.d = 1; } ]; error = [ "The option `a\\.b\\.d' does not exist" "In `here.nix'" ]; };
  "although a condition does not hold" = { expr = eval [ { options.a = mkOption { default = 1; }; } { _file = "here.nix"; config = lib.mkIf false { b = 1; }; } ]; error = [ "The option `b' does not exist" "In `here.nix'" ]; };
  "options in the place of values" = { expr = eval [ { y = mkOption { }; } ]; error = [ "option `y' does not exist" "declare an option by placing it into `config' rather than `options'" ]; };
  "config beside shorthand" = { expr = eval [ { _file = "here.nix"; config.x = [ ]; y = 1; } ]; error = [ "has an unsupported attribute `y'" ]; };
  "a value for a set of options" = { expr = (eval [ { options.a.b = mkOption { default = 1; }; } { _file = "here.nix"; a = 1; } ]).a.b; error = [ "In module `here.nix', you're trying to define a value of type `int'\\s+rather than an attribute set for the option\\s+`a'" ]; };
  "no module" = { expr = eval [ 3 ]; error = [ "3|cannot coerce" ]; };
  "no module in imports" = { expr = eval [ { _file = "here.nix"; imports = [ { _type = "flake"; } ]; } ]; error = [ "Expected a module, but found a value of type .*flake" "here.nix" ]; };
  "a list in imports" = { expr = eval [ { _file = "here.nix"; imports = [ [ { } ] ]; } ]; error = [ "Module imports can't be nested lists" "here.nix" ]; };
  "a function that answers no module" = { expr = eval [ ({ ... }: 3) ]; error = [ "does not look like a module|value is an integer while a set was expected" ]; };
  "an argument that nobody gives" = { expr = (eval [ x ({ whatever, ... }: { x = [ whatever ]; }) ]).x; error = [ "whatever" ]; };
  "another class" = { expr = (lib.evalModules { class = "hostenv"; modules = [ { _file = "here.nix"; _class = "nixos"; } ]; }).config; error = [ "The module `here.nix` \\(class: \"nixos\"\\) cannot be imported into a module evaluation that expects class \"hostenv\"" ]; };
  "a module to leave out that has no key" = { expr = eval [ { _file = "here.nix"; disabledModules = [ { } ]; } ]; error = [ "Module `here.nix` contains a disabledModules item" "key" ]; };
  "a file's name is in the message" = { expr = (eval [ { options.port = mkOption { type = types.port; }; } ./files/wrong.nix ]).port; error = [ "option `port' is not of type" "In `.*/files/wrong\\.nix': \"eighty\"" ]; };
}
