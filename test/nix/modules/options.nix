# Declaring options: what may be said of one, several declarations of one, what is known of it afterwards, the reference.
{ lib }:
let
  inherit (lib) mkOption mkDefault mkForce types;
  evaluate = modules: lib.evalModules { inherit modules; };
  eval = modules: (evaluate modules).config;
  options = modules: (evaluate modules).options;
  docs = modules: builtins.filter (o: !(builtins.elem "_module" o.loc)) (lib.optionAttrSetToDocList (options modules));
  twice = one: other: [ { _file = "one.nix"; options.x = mkOption one; } { _file = "other.nix"; options.x = mkOption other; } ];
  pkgs = { hello = { type = "derivation"; name = "hello"; }; php.composer = { type = "derivation"; name = "composer"; }; };
in
{
  "a default" = { expr = (eval [ { options.x = mkOption { type = types.int; default = 3; }; } ]).x; want = 3; };
  "a default merges like a definition" = { expr = (eval [ { options.x = mkOption { type = types.singleLineStr; default = "a\n"; }; } ]).x; want = "a"; };
  "apply changes what is read" = { expr = (eval [ { options.x = mkOption { type = types.int; apply = x: x + 1; }; config.x = 1; } ]).x; want = 2; };
  "apply changes the default too" = { expr = (eval [ { options.x = mkOption { default = 1; apply = toString; }; } ]).x; want = "1"; };
  "readOnly may be set once" = { expr = (eval [ { options.x = mkOption { readOnly = true; }; } { x = 1; } ]).x; want = 1; };
  "options may depend on each other" = { expr = eval [ ({ config, ... }: { options.a = mkOption { default = config.b + 1; }; options.b = mkOption { default = 1; }; }) ]; want = { a = 2; b = 1; }; };
  "mkEnableOption" = { expr = let o = lib.mkEnableOption "the thing"; in [ o.default o.example o.description o.type.name ]; want = [ false true "Whether to enable the thing." "bool" ]; };
  "mkPackageOption" = {
    expr = let o = lib.mkPackageOption pkgs "hello" { }; in [ o.default.name o.defaultText o.description o.type.name ];
    want = [ "hello" { _type = "literalExpression"; text = "pkgs.hello"; } "The hello package to use." "package" ];
  };
  "mkPackageOption with all that it takes" = {
    expr =
      let
        o = lib.mkPackageOption pkgs "tool" { default = [ "php" "composer" ]; nullable = true; example = "pkgs.other"; extraDescription = "Or none."; };
        none = lib.mkPackageOption pkgs "tool" { default = null; };
      in
      [ o.default.name o.defaultText.text o.description o.example.text o.type.name (none ? default) (lib.mkPackageOption pkgs [ "php" "composer" ] { example = [ "a" "b" ]; }).example.text ];
    want = [ "composer" "pkgs.php.composer" "The tool package to use. Or none." "pkgs.other" "nullOr" false "pkgs.a.b" ];
  };
  "mkSinkUndeclaredOptions swallows" = { expr = builtins.attrNames (eval [ { options.a = lib.mkSinkUndeclaredOptions { }; options.b = mkOption { default = 1; }; } { a = 1; } ]); want = [ "a" "b" ]; };

  "isDefined" = { expr = let o = options [ { options.a = mkOption { }; options.b = mkOption { default = 1; }; options.c = mkOption { }; } { c = 1; } ]; in [ o.a.isDefined o.b.isDefined o.c.isDefined ]; want = [ false true true ]; };
  "isDefined in a module" = { expr = (eval [ ({ options, ... }: { options.a = mkOption { }; options.b = mkOption { default = options.a.isDefined; }; }) ]).b; want = false; };
  "highestPrio" = {
    expr = let o = options [ { options = lib.genAttrs [ "a" "b" "c" "d" ] (_: mkOption { default = 0; }); } { a = 1; b = mkDefault 1; c = mkForce 1; } ]; in map (n: o.${n}.highestPrio) [ "a" "b" "c" "d" ];
    want = [ 100 1000 50 1500 ];
  };
  "files and definitions" = {
    expr = let o = (options [ { options.x = mkOption { type = types.listOf types.int; default = [ 0 ]; }; } { _file = "a.nix"; x = [ 1 ]; } { _file = "b.nix"; x = lib.mkBefore [ 2 ]; } ]).x; in [ o.files o.definitions (map (d: { inherit (d) file value; }) o.definitionsWithLocations) ];
    want = [ [ "b.nix" "a.nix" ] [ [ 2 ] [ 1 ] ] [ { file = "b.nix"; value = [ 2 ]; } { file = "a.nix"; value = [ 1 ]; } ] ];
  };
  "value, loc, declarations, text" = { expr = let o = (options [ { _file = "a.nix"; options.a.x = mkOption { default = 3; apply = x: x + 1; }; } ]).a.x; in [ o.value o.loc o.declarations "${o}" o._type ]; want = [ 4 [ "a" "x" ] [ "a.nix" ] "a.x" "option" ]; };
  "with nothing defined the default is the definition" = { expr = let o = (options [ { _file = "a.nix"; options.x = mkOption { default = 3; }; } ]).x; in [ o.files o.definitions ]; want = [ [ "a.nix" ] [ 3 ] ]; };

  "declared twice, each says something else" = { expr = (eval (twice { type = types.int; } { default = 3; description = "d"; })).x; want = 3; };
  "enums of two declarations take both" = { expr = (eval (twice { type = types.enum [ "a" ]; } { type = types.enum [ "b" ]; } ++ [ { x = "b"; } ])).x; want = "b"; };
  "types inside of types go together" = { expr = (eval (twice { type = types.attrsOf (types.nullOr (types.enum [ "a" ])); } { type = types.attrsOf (types.nullOr (types.enum [ "b" ])); } ++ [ { x = { p = "a"; q = "b"; r = null; }; } ])).x; want = { p = "a"; q = "b"; r = null; }; };
  "the same type twice" = { expr = map (type: (eval (twice { inherit type; } { inherit type; } ++ [ { x = "s"; } ])).x) [ types.str types.lines (types.strMatching "s") (types.either types.int types.str) (types.enum [ "s" ]) types.raw ]; want = [ "s" "s" "s" "s" "s" "s" ]; };
  "declarations of both" = { expr = (options (twice { type = types.int; } { default = 1; })).x.declarations; want = [ "other.nix" "one.nix" ]; };
  "parts of a set declared in several modules" = { expr = eval [ { options.a.b = mkOption { default = 1; }; } { options.a.c = mkOption { default = 2; }; } ]; want = { a = { b = 1; c = 2; }; }; };
  "the type of a type" = { expr = (eval [ { options.x = mkOption { type = types.optionType; }; } { x = types.enum [ "a" ]; } { x = types.enum [ "b" ]; } ]).x.description; want = "one of \"b\", \"a\""; };

  "a reference of options" = {
    expr = docs [
      {
        _file = "a.nix";
        options.x = mkOption { type = types.int; default = 1; example = 2; description = "An x."; };
        options.y = mkOption { type = types.str; default = "s"; defaultText = lib.literalExpression "other"; internal = true; readOnly = true; };
        options.z = mkOption { visible = false; };
      }
    ];
    want = [
      { declarations = [ "a.nix" ]; default = { _type = "literalExpression"; text = "1"; }; description = "An x."; example = { _type = "literalExpression"; text = "2"; }; internal = false; loc = [ "x" ]; name = "x"; readOnly = false; type = "signed integer"; visible = true; }
      { declarations = [ "a.nix" ]; default = { _type = "literalExpression"; text = "other"; }; description = null; internal = true; loc = [ "y" ]; name = "y"; readOnly = true; type = "string"; visible = true; }
      { declarations = [ "a.nix" ]; description = null; internal = false; loc = [ "z" ]; name = "z"; readOnly = false; type = "unspecified value"; visible = false; }
    ];
  };
  "a reference goes into submodules" = {
    expr = map (o: [ o.name o.declarations ]) (docs [ { _file = "a.nix"; options.x = mkOption { type = types.attrsOf (types.submodule { options.y = mkOption { }; }); }; options.l = mkOption { type = types.listOf (types.nullOr (types.submodule { options.z = mkOption { }; })); }; } ]);
    want = [ [ "l" [ "a.nix" ] ] [ "l.*.z" [ "a.nix" ] ] [ "x" [ "a.nix" ] ] [ "x.<name>.y" [ "a.nix" ] ] ];
  };
  "a reference tells a submodule's name" = { expr = map (o: o.default.text or null) (docs [ { options.x = mkOption { type = types.attrsOf (types.submodule ({ name, ... }: { options.y = mkOption { default = name; }; })); }; } ]); want = [ null "\"‹name›\"" ]; };
  "visible stops at the option or lets only those below by" = {
    expr = map (visible: map (o: [ o.name o.visible ]) (docs [ { options.x = mkOption { inherit visible; type = types.submodule { options.y = mkOption { }; }; }; } ])) [ "shallow" "transparent" false ];
    want = [ [ [ "x" true ] ] [ [ "x" false ] [ "x.y" true ] ] [ [ "x" false ] ] ];
  };
  "showOption quotes what must be" = { expr = lib.showOption [ "a" "b c" "*" "<name>" "with" "d-e" "1" ]; want = "a.\"b c\".*.<name>.\"with\".d-e.\"1\""; };
  "showFiles and showDefs" = { expr = [ (lib.showFiles [ "a" "b" ]) (lib.options.showDefs [ { file = "a"; value = { x = [ 1 ]; y = "s"; }; } { file = "b"; value = throw "x"; } ]) ]; want = [ "`a' and `b'" "\n- In `a':\n    {\n      x = [\n        1\n      ];\n      y = \"s\";\n    ...\n- In `b'" ]; };

  "set although it is read-only" = {
    expr = (eval [ { _file = "a.nix"; options.x = mkOption { readOnly = true; default = 1; }; } { _file = "b.nix"; x = 2; } ]).x;
    error = [ "The option `x' is read-only, but it's set multiple times. Definition values:" "`a.nix'" "`b.nix': 2" ];
  };
  "two defaults" = { expr = (eval (twice { default = 1; } { default = 2; })).x; error = [ "The option `x' in `one.nix' is already declared in `other.nix'" ]; };
  "two descriptions" = { expr = (eval (twice { description = "a"; default = 1; } { description = "b"; })).x; error = [ "`x' in `one.nix' is already declared in `other.nix'" ]; };
  "types that do not go together" = { expr = (eval (twice { type = types.int; } { type = types.str; } ++ [ { x = 1; } ])).x; error = [ "`x' in `one.nix' is already declared in `other.nix'" ]; };
  "lines with other separators do not" = { expr = (eval (twice { type = types.lines; } { type = types.commas; } ++ [ { x = ""; } ])).x; error = [ "`x' in `one.nix' is already declared in `other.nix'" ]; };
  "an option above others" = {
    expr = (eval [ { _file = "a.nix"; options.x = mkOption { type = types.int; }; } { _file = "b.nix"; options.x.y = mkOption { }; } ]).x;
    error = [ "The option `x' in module `a.nix' would be a parent of the following options, but its type `signed integer' does not support nested options" "`x\\.y' in module `b.nix'" ];
  };
  "a type in the place of an option" = { expr = (eval [ { _file = "a.nix"; options.x = types.int; } ]).x; error = [ "In module a.nix: expected an option declaration at option path `x` but got an attribute set with type option-type|option path `x' but got" ]; };
  "a value in the place of an option" = { expr = (eval [ { _file = "a.nix"; options.x = 1; } ]).x; error = [ "An option declaration for `x' has type\\s+`int' rather than an attribute set|option declaration for `x' has type `int'" ]; };
  "a misspelt argument of mkOption" = { expr = mkOption { descripton = "x"; }; error = [ "called with unexpected argument 'descripton'" ]; };
  "a package that is not there" = { expr = (lib.mkPackageOption pkgs "nope" { }).default; error = [ "nope cannot be found in pkgs" ]; };
  "a wrong default" = { expr = (eval [ { _file = "a.nix"; options.x = mkOption { type = types.int; default = "s"; }; } ]).x; error = [ "A definition for option `x' is not of type `signed integer'" "In `a.nix': \"s\"" ]; };
  "conditions are for definitions, not for defaults" = { expr = (eval [ { options.x = mkOption { type = types.int; default = lib.mkIf true 1; }; } ]).x; error = [ "option `x' is not of type" ]; };
}
