# Submodules, modules kept for later, free forms.
{ lib }:
let
  inherit (lib) mkOption mkDefault mkForce mkIf mkAfter types;
  eval = modules: (lib.evalModules { inherit modules; }).config;
  one = type: values: (eval ([ { options.x = mkOption { inherit type; }; } ] ++ map (x: { inherit x; }) values)).x;
  int = default: mkOption { type = types.int; inherit default; };
  str = mkOption { type = types.str; };
  list = mkOption { type = types.listOf types.str; default = [ ]; };
  wrong = type: value: error: {
    expr = (eval [ { options.x = mkOption { inherit type; }; } { _file = "here.nix"; x = value; } ]).x;
    inherit error;
  };
in
{
  "a submodule knows its name and its own config" = {
    expr = one (types.attrsOf (types.submodule ({ name, config, ... }: {
      options.y = mkOption { type = types.str; default = name; };
      options.z = mkOption { type = types.str; default = "${config.y}!"; };
    }))) [ { a = { }; b.y = "B"; } ];
    want = { a = { y = "a"; z = "a!"; }; b = { y = "B"; z = "B!"; }; };
  };
  "its name, outside of attrsOf and in lists" = {
    expr = [ (one (types.submodule ({ name, ... }: { options.y = mkOption { default = name; }; })) [ { } ]).y (map (s: s.y) (one (types.listOf (types.submodule ({ name, ... }: { options.y = mkOption { default = name; }; }))) [ [ { } { } ] ])) ];
    want = [ "x" [ "[definition 1-entry 1]" "[definition 1-entry 2]" ] ];
  };
  "without a definition it has its defaults" = { expr = one (types.submodule { options.y = int 1; }) [ ]; want = { y = 1; }; };
  "definitions of several modules meet in it" = { expr = one (types.submodule { options.y = int 0; options.z = int 0; }) [ { y = 1; } { z = 2; } ]; want = { y = 1; z = 2; }; };
  "priorities inside" = { expr = one (types.submodule { options.y = int 0; }) [ { y = mkDefault 1; } { y = mkForce 2; } { y = 3; } ]; want = { y = 2; }; };
  "priorities around it" = { expr = one (types.submodule { options.y = int 0; options.z = int 0; }) [ (mkForce { y = 1; }) { z = 2; } ]; want = { y = 1; z = 0; }; };
  "a module may be given for a value" = { expr = one (types.submodule { options.y = int 0; options.z = int 0; }) [ ({ config, ... }: { y = config.z + 1; }) { z = 1; } ]; want = { y = 2; z = 1; }; };
  "a file may be given for a value" = { expr = one (types.submodule { }) [ ./files/counter.nix ]; want = { list = [ "from a file" ]; }; };
  "what it defines itself comes first" = { expr = one (types.submodule { options.l = list; config.l = [ "type" ]; }) [ { l = [ "a" ]; } { l = [ "b" ]; } ]; want = { l = [ "type" "a" "b" ]; }; };
  "what its functions define comes first, too" = {
    expr = one (types.submodule [ { options.l = list; } ({ name, ... }: { config.l = [ name ]; }) ({ name, ... }: { imports = [ { l = [ "imported" ]; } ]; l = [ "second" ]; }) ]) [ { l = [ "a" ]; } ({ ... }: { l = [ "f" ]; }) ];
    want = { l = [ "imported" "f" "second" "x" "a" ]; };
  };
  "constants and functions that both define" = {
    expr = one (types.submodule [ { options.l = list; config.l = [ "constant" ]; imports = [ { l = [ "imported" ]; } ]; } ({ ... }: { l = [ "function" ]; }) ]) [ { l = [ "a" ]; } ({ ... }: { imports = [ { l = [ "f" ]; } ]; }) ];
    want = { l = [ "f" "imported" "function" "constant" "a" ]; };
  };
  "mkAfter beats the place" = { expr = one (types.submodule { options.l = list; config.l = mkAfter [ "type" ]; }) [ { l = [ "a" ]; } ]; want = { l = [ "a" "type" ]; }; };
  "a function of it may declare options" = { expr = one (types.submodule [ { options.y = int 1; } ({ config, ... }: { options.z = int (config.y + 1); }) ]) [ { y = 5; } ]; want = { y = 5; z = 6; }; };
  "a definition may declare options" = { expr = one (types.submoduleWith { modules = [ { options.y = int 1; } ]; }) [ { options.z = int 2; config.y = 3; } ]; want = { y = 3; z = 2; }; };
  "imports of it" = { expr = one (types.submodule { imports = [ { options.y = int 1; } ]; }) [ { } ]; want = { y = 1; }; };
  "submodules in submodules" = {
    expr = one (types.attrsOf (types.submodule { options.inner = mkOption { type = types.attrsOf (types.submodule ({ name, ... }: { options.y = mkOption { default = name; }; })); default = { }; }; })) [ { a.inner.b = { }; } ];
    want = { a.inner.b.y = "b"; };
  };
  "submoduleWith takes a set as a module" = { expr = one (types.submoduleWith { modules = [ { options.y = int 0; } ]; }) [ { config.y = 1; } ]; want = { y = 1; }; };
  "shorthandOnlyDefinesConfig takes it as settings" = { expr = one (types.submoduleWith { shorthandOnlyDefinesConfig = true; modules = [ { options.config = int 0; options.imports = int 0; } ]; }) [ { config = 1; imports = 2; } ]; want = { config = 1; imports = 2; }; };
  "specialArgs of submodules" = { expr = one (types.submoduleWith { specialArgs.who = "me"; modules = [ ({ who, ... }: { options.y = mkOption { default = who; }; }) ]; }) [ { } ]; want = { y = "me"; }; };
  "arguments from its own _module.args" = { expr = one (types.submodule [ { config._module.args.who = "me"; } ({ who, ... }: { options.y = mkOption { default = who; }; }) ]) [ { } ]; want = { y = "me"; }; };
  "arguments are not inherited" = {
    expr = (eval [ { config._module.args.who = "outer"; options.x = mkOption { type = types.submodule ({ who, ... }: { options.y = mkOption { default = who; }; }); default = { }; }; } ]).x.y;
    error = [ "who" ];
  };
  "apply inside" = { expr = one (types.attrsOf (types.submodule { options.y = mkOption { apply = toString; }; })) [ { a.y = 1; } ]; want = { a.y = "1"; }; };
  "an option may be declared into a submodule from elsewhere" = {
    expr = (eval [ { options.x = mkOption { type = types.submodule { options.y = int 1; }; default = { }; }; } { options.x = mkOption { type = types.submodule { options.z = int 2; }; }; } ]).x;
    want = { y = 1; z = 2; };
  };
  "as well as a set of options" = { expr = (eval [ { options.x = mkOption { type = types.submodule { options.y = int 1; }; default = { }; }; } { options.x.z = int 2; } ]).x; want = { y = 1; z = 2; }; };
  "and into attrsOf" = {
    expr = (eval [ { options.x = mkOption { type = types.attrsOf (types.submodule { options.y = int 1; }); }; } { options.x = mkOption { type = types.attrsOf (types.submodule { options.z = int 2; }); }; } { x.a = { }; } ]).x;
    want = { a = { y = 1; z = 2; }; };
  };
  "conditions on values beside it" = {
    expr = (eval [ { options.on = mkOption { default = true; }; options.x = mkOption { type = types.attrsOf (types.submodule { options.y = int 0; }); }; } ({ config, ... }: { x.a = mkIf config.on { y = 1; }; x.b = mkIf (!config.on) { }; }) ]).x;
    want = { a.y = 1; };
  };
  "deferredModule becomes a module" = {
    expr = let base = eval [ { options.later = mkOption { type = types.deferredModule; default = { }; }; } { later.options.y = int 1; } { later = { y = 5; }; } ({ later = { config, ... }: { options.z = int (config.y + 1); }; }) ]; in (eval [ base.later ]);
    want = { y = 5; z = 6; };
  };
  "deferredModuleWith has modules of its own" = {
    expr = let base = eval [ { options.later = mkOption { type = types.deferredModuleWith { staticModules = [ { options.y = int 1; } ]; }; default = { }; }; } { later.y = 2; } ]; in (eval [ base.later ]);
    want = { y = 2; };
  };
  "extendModules" = {
    expr =
      let
        first = lib.evalModules { modules = [ { options.y = int 1; } ]; };
        more = first.extendModules { modules = [ { y = 2; } ({ who, ... }: { options.z = mkOption { default = who; }; }) ]; specialArgs.who = "me"; };
      in
      [ first.config more.config ];
    want = [ { y = 1; } { y = 2; z = "me"; } ];
  };
  "extendModules as an argument" = { expr = (eval [ ({ extendModules, ... }: { options.y = int 1; options.z = mkOption { default = (extendModules { modules = [ { y = 7; } ]; }).config.y; }; }) ]).z; want = 7; };
  "an evaluation's type" = {
    expr = let inner = lib.evalModules { modules = [ { options.y = int 1; } ]; }; in one inner.type [ { y = 2; } ];
    want = { y = 2; };
  };
  "getSubOptions" = { expr = builtins.attrNames (removeAttrs ((types.attrsOf (types.submodule { options.y = int 1; })).getSubOptions [ "x" ]) [ "_module" ]); want = [ "y" ]; };

  "freeformType takes what has no option" = {
    expr = eval [ { freeformType = types.attrsOf types.int; options.y = int 1; } { z = 2; } { z = 2; w = 3; } ];
    want = { w = 3; y = 1; z = 2; };
  };
  "freeformType of submodules" = { expr = one (types.attrsOf (types.submodule { freeformType = types.attrsOf types.str; options.y = int 1; })) [ { a = { b = "c"; }; } ]; want = { a = { b = "c"; y = 1; }; }; };
  "freeformType below declared sets" = {
    expr = eval [ { freeformType = types.attrsOf (types.attrsOf types.int); options.a.y = int 1; } { a.z = 2; b.w = 3; } ];
    want = { a = { y = 1; z = 2; }; b.w = 3; };
  };
  "several freeformTypes go together" = { expr = eval [ { freeformType = types.attrsOf (types.enum [ "a" ]); } { _module.freeformType = types.attrsOf (types.enum [ "b" ]); } { x = "a"; y = "b"; } ]; want = { x = "a"; y = "b"; }; };
  "options may depend on the free ones" = { expr = eval [ { freeformType = types.attrsOf types.int; } ({ config, ... }: { options.y = int (config.z + 1); config.z = 1; }) ]; want = { y = 2; z = 1; }; };
  "lazy freeform" = { expr = (eval [ { freeformType = types.lazyAttrsOf types.raw; } { z = throw "looked"; y = 1; } ]).y; want = 1; };
  "_module.check off drops them" = { expr = eval [ { config._module.check = false; options.y = int 1; } { z = 2; } ]; want = { y = 1; }; };

  "an option that a submodule does not have" = wrong (types.attrsOf (types.submodule { options.y = int 0; })) { a.why = 1; } [ "The option `x\\.a\\.why' does not exist" "In `here.nix'" ];
  "a wrong value in a submodule" = wrong (types.attrsOf (types.submodule { options.y = int 0; })) { a.y = "s"; } [ "option `x\\.a\\.y' is not of type `signed integer'" "In `here.nix': \"s\"" ];
  "a missing value in a submodule" = wrong (types.attrsOf (types.submodule { options.y = str; })) { a = { }; } [ "option `x\\.a\\.y' (was accessed but has no value|is used but not)" ];
  "no submodule" = wrong (types.attrsOf (types.submodule { options.y = str; })) { a = 3; } [ "option `x\\.a' is not of type `submodule'" "In `here.nix': 3" ];
  "a wrong default inside names the file that declares" = {
    expr = (eval [ { _file = "declares.nix"; options.x = mkOption { type = types.submodule { options.y = int "s"; }; default = { }; }; } ]).x.y;
    error = [ "option `x\\.y' is not of type" "In `declares.nix'" ];
  };
  "a free one of the wrong type" = {
    expr = (eval [ { freeformType = types.attrsOf types.int; } { _file = "here.nix"; z = "s"; } ]).z;
    error = [ "option `z' is not of type `signed integer'" "In `here.nix'" ];
  };
  "a read-only option inside" = wrong (types.submodule { options.y = mkOption { readOnly = true; default = 1; }; }) { y = 2; } [ "option `x\\.y' is read-only" "In `here.nix': 2" ];
  "no options in a submodule at all" = wrong (types.submodule { y = int 1; }) { } [ "option `x\\.y' does not exist" "types\\.submodule" ];
}
