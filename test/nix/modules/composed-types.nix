# Types made of other types.
{ lib }:
let
  inherit (lib) mkOption mkIf mkDefault types;
  eval = modules: (lib.evalModules { inherit modules; }).config;
  one = type: values: (eval ([ { options.x = mkOption { inherit type; }; } ] ++ map (x: { inherit x; }) values)).x;
  wrong = type: value: error: {
    expr = (eval [ { options.x = mkOption { inherit type; }; } { _file = "here.nix"; x = value; } ]).x;
    error = [ "In `here.nix'" ] ++ error;
  };
in
{
  "attrsOf joins and overrides inside" = { expr = one (types.attrsOf types.int) [ { a = mkDefault 1; } { a = 2; b = 3; } ]; want = { a = 2; b = 3; }; };
  "a false condition in attrsOf leaves no attribute" = { expr = one (types.attrsOf types.int) [ { a = mkIf false 1; b = 2; } ]; want = { b = 2; }; };
  "lazyAttrsOf does not look at what nobody asks for" = { expr = (one (types.lazyAttrsOf types.int) [ { a = throw "looked"; b = 2; } ]).b; want = 2; };
  "lazyAttrsOf keeps the name of what has no value" = { expr = builtins.attrNames (one (types.lazyAttrsOf types.int) [ { a = mkIf false 1; } ]); want = [ "a" ]; };
  "lazyAttrsOf answers the empty value" = { expr = one (types.lazyAttrsOf (types.nullOr types.int)) [ { a = mkIf false 1; } ]; want = { a = null; }; };
  "values of lazyAttrsOf may be made of each other" = {
    expr = (eval [ { options.x = mkOption { type = types.lazyAttrsOf types.int; }; } ({ config, ... }: { x.a = 1; x.b = config.x.a + 1; }) ]).x;
    want = { a = 1; b = 2; };
  };
  "sets of sets of lists" = { expr = one (types.attrsOf (types.attrsOf (types.listOf types.int))) [ { a.b = [ 1 ]; } { a.b = [ 2 ]; a.c = [ ]; } ]; want = { a = { b = [ 2 1 ]; c = [ ]; }; }; };
  "what has no definition at all" = {
    expr = map (type: one type [ ]) [ (types.listOf types.int) (types.attrsOf types.int) (types.nullOr types.int) types.attrs ];
    want = [ [ ] { } null { } ];
  };
  "nullOr" = { expr = [ (one (types.nullOr types.int) [ null ]) (one (types.nullOr types.int) [ 1 ]) (one (types.nullOr (types.listOf types.int)) [ [ 1 ] [ 2 ] ]) ]; want = [ null 1 [ 2 1 ] ]; };
  "either and oneOf take each" = {
    expr = let type = types.oneOf [ types.int types.bool (types.listOf types.str) ]; in [ (one type [ 1 ]) (one type [ true ]) (one type [ [ "a" ] [ "b" ] ]) ];
    want = [ 1 true [ "b" "a" ] ];
  };
  "coercedTo converts what it takes" = {
    expr = let type = types.coercedTo types.int toString types.str; in [ (one type [ 1 ]) (one type [ "a" ]) (one (types.listOf type) [ [ 1 "b" ] ]) ];
    want = [ "1" "a" [ "1" "b" ] ];
  };
  "coercedTo lists that are joined" = { expr = one (types.coercedTo types.str lib.singleton (types.listOf types.str)) [ "a" [ "b" ] ]; want = [ "b" "a" ]; };
  "uniq and unique take one" = { expr = [ (one (types.uniq (types.listOf types.int)) [ [ 1 ] ]) (one (types.unique { message = "m"; } types.int) [ 1 ]) ]; want = [ [ 1 ] 1 ]; };
  "nonEmptyListOf" = { expr = one (types.nonEmptyListOf types.int) [ [ 1 ] ]; want = [ 1 ]; };
  "functionTo merges results" = {
    expr = (one (types.functionTo (types.listOf types.int)) [ (n: [ n ]) (n: [ (n + 1) ]) ]) 5;
    want = [ 6 5 ];
  };
  "functionTo keeps the arguments" = { expr = lib.functionArgs (one (types.functionTo types.int) [ ({ a, b ? 1 }: a + b) ({ a ? 1, b ? 2, ... }: a + b) ]); want = { a = false; b = true; }; };
  "anything merges deeply" = { expr = one types.anything [ { a.b = 1; l = [ 1 ]; } { a.c = [ 2 ]; } ]; want = { a = { b = 1; c = [ 2 ]; }; l = [ 1 ]; }; };
  "anything takes equal values" = { expr = one types.anything [ { a = [ 1 ]; } { a = [ 1 ]; } ]; want = { a = [ 1 ]; }; };
  "anything merges functions by their results" = { expr = (one types.anything [ (x: { a = x; }) (x: { b = x; }) ]) 1; want = { a = 1; b = 1; }; };
  "anything heeds priorities deep inside" = { expr = one types.anything [ { a.b = mkDefault 1; } { a.b = 2; } ]; want = { a.b = 2; }; };
  "attrTag holds one of several" = {
    expr = let type = types.attrTag { port = mkOption { type = types.port; }; socket = mkOption { type = types.str; apply = s: "unix:" + s; }; }; in [ (one type [ { port = 1; } ]) (one type [ { socket = "a"; } ]) ];
    want = [ { port = 1; } { socket = "unix:a"; } ];
  };
  "attrsWith says its placeholder" = {
    expr = map (o: o.name) (builtins.filter (o: !(builtins.elem "_module" o.loc)) (lib.optionAttrSetToDocList (lib.evalModules {
      modules = [ { options.x = mkOption { type = types.attrsWith { elemType = types.submodule { options.y = mkOption { }; }; placeholder = "host"; }; }; } ];
    }).options));
    want = [ "x" "x.<host>.y" ];
  };
  "addCheck around composed types" = {
    expr = [ ((types.addCheck (types.listOf types.int) (l: l != [ ])).check [ ]) (one (types.addCheck (types.attrsOf types.int) (s: s ? a)) [ { a = 1; } { b = 2; a = 1; } ]) ];
    want = [ false { a = 1; b = 2; } ];
  };
  "json" = { expr = one types.json [ { a = [ 1 "s" null true 1.5 { b = { }; } ]; } ]; want = { a = [ 1 "s" null true 1.5 { b = { }; } ]; }; };
  "mergeTypes" = {
    expr = [ ((types.mergeTypes (types.enum [ "a" ]) (types.enum [ "b" ])).check "b") ((types.mergeTypes types.int types.str)._type) ];
    want = [ true "merge-error" ];
  };
  "nested types" = { expr = [ (types.listOf types.int).nestedTypes.elemType.name (types.either types.int types.str).nestedTypes.right.name (types.nullOr types.int).nestedTypes.elemType.name ]; want = [ "int" "str" "int" ]; };
  "descriptions" = {
    expr = map (type: type.description) (with types; [
      (listOf str) (nullOr str) (attrsOf str) (lazyAttrsOf int) (listOf (nullOr str)) (nullOr (listOf str)) (either str int) (oneOf [ str int bool ]) (either ints.positive str)
      (coercedTo int toString str) (nonEmptyListOf str) (functionTo str) (submodule { }) deferredModule (listOf (submodule { })) (attrsOf (either int (enum [ "a" "b" ]))) (uniq str)
      (submodule { freeformType = attrsOf int; }) (attrTag { a = mkOption { }; b = mkOption { }; }) (addCheck (listOf int) (_: true))
    ]);
    want = [
      "list of string" "null or string" "attribute set of string" "lazy attribute set of signed integer" "list of (null or string)" "null or (list of string)" "string or signed integer"
      "string or signed integer or boolean" "positive integer, meaning >0, or string" "string or signed integer convertible to it" "non-empty (list of string)" "function that evaluates to a(n) string"
      "submodule" "module" "list of (submodule)" "attribute set of (signed integer or one of \"a\", \"b\")" "string"
      "open submodule of attribute set of signed integer" "attribute-tagged union with choices: a, b" "list of signed integer"
    ];
  };

  "a wrong element of a list says which" = wrong (types.listOf types.int) [ 1 "s" ] [ "option `x\\.\"\\[definition 1-entry 2\\]\"' is not of type `signed integer'" ];
  "a wrong value of a set says which" = wrong (types.attrsOf types.int) { a = 1; b = "s"; } [ "option `x\\.b' is not of type `signed integer'" ];
  "no list" = wrong (types.listOf types.int) { } [ "`x' is not of type `list of signed integer'" ];
  "an empty list" = wrong (types.nonEmptyListOf types.int) [ ] [ "`x' is not of type `non-empty \\(list of signed integer\\)'" ];
  "neither" = wrong (types.either types.int types.bool) "s" [ "`x' is not of type `signed integer or boolean'" ];
  "not to be converted" = wrong (types.coercedTo types.int toString types.str) [ ] [ "`x' is not of type `string or signed integer convertible to it'" ];
  "no function" = wrong (types.functionTo types.int) 1 [ "`x' is not of type `function that evaluates" ];
  "two tags" = wrong (types.attrTag { a = mkOption { }; b = mkOption { }; }) { a = 1; b = 2; } [ "`x' is not of type `attribute-tagged union" ];
  "null and not null" = {
    expr = (eval [ { options.x = mkOption { type = types.nullOr types.int; }; } { _file = "a.nix"; x = null; } { _file = "b.nix"; x = 1; } ]).x;
    error = [ "option `x. is defined both null and not null" "`a.nix'" "`b.nix'" ];
  };
  "two of what must be unique" = {
    expr = (eval [ { options.x = mkOption { type = types.unique { message = "Only one, please."; } types.int; }; } { _file = "a.nix"; x = 1; } { _file = "b.nix"; x = 1; } ]).x;
    error = [ "`x' is defined multiple times" "Only one, please" "`a.nix'" "`b.nix'" ];
  };
  "anything of two kinds" = {
    expr = (eval [ { options.x = mkOption { type = types.anything; }; } { _file = "a.nix"; x.y = 1; } { _file = "b.nix"; x.y = "s"; } ]).x;
    error = [ "`x\\.y' has conflicting option types" "`a.nix'" "`b.nix'" ];
  };
  "a check put over another's own" = {
    expr = (eval [ { options.x = mkOption { type = types.listOf types.int // { check = _: true; }; }; } { x = [ ]; } ]).x;
    error = [ "option `x' has a type `list of signed integer' that uses\\s+an ad-hoc" "addCheck" ];
  };
  "coercion from a submodule" = { expr = types.coercedTo (types.submodule { }) (x: x) types.str; error = [ "must not have submodules" ]; };
}
