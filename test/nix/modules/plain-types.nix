# Types of one plain value: what they take, how they merge, how they are described.
{ lib }:
let
  inherit (lib) mkOption types;
  eval = modules: (lib.evalModules { inherit modules; }).config;
  one = type: values: (eval ([ { options.x = mkOption { inherit type; }; } ] ++ map (x: { inherit x; }) values)).x;
  takes = type: map type.check;
  wrong = type: value: { expr = (eval [ { options.x = mkOption { inherit type; }; } { _file = "here.nix"; x = value; } ]).x; error = [ "A definition for option `x' is not of type" "In `here.nix'" ]; };
  kinds = [ true 1 1.5 "s" ./files null [ ] { } (x: x) ];
in
{
  "which kinds each takes" = {
    expr = builtins.mapAttrs (_: type: takes type kinds) {
      inherit (types) anything attrs bool boolByOr float int lines nonEmptyStr number package path port raw shellPackage singleLineStr str unspecified;
    };
    want = {
      anything = [ true true true true true true true true true ];
      attrs = [ false false false false false false false true false ];
      bool = [ true false false false false false false false false ];
      boolByOr = [ true false false false false false false false false ];
      float = [ false false true false false false false false false ];
      int = [ false true false false false false false false false ];
      lines = [ false false false true false false false false false ];
      nonEmptyStr = [ false false false true false false false false false ];
      number = [ false true true false false false false false false ];
      package = [ false false false false false false false false false ];
      path = [ false false false false true false false false false ];
      port = [ false true false false false false false false false ];
      raw = [ true true true true true true true true true ];
      shellPackage = [ false false false false false false false false false ];
      singleLineStr = [ false false false true false false false false false ];
      str = [ false false false true false false false false false ];
      unspecified = [ true true true true true true true true true ];
    };
  };
  "ranges of integers" = {
    expr = [
      (takes types.ints.positive [ (-1) 0 1 ]) (takes types.ints.unsigned [ (-1) 0 1 ]) (takes (types.ints.between 2 3) [ 1 2 3 4 ])
      (takes types.ints.u8 [ (-1) 0 255 256 ]) (takes types.ints.s8 [ (-129) (-128) 127 128 ]) (takes types.ints.u16 [ 65535 65536 ])
      (takes types.ints.s16 [ (-32769) (-32768) 32767 32768 ]) (takes types.ints.u32 [ 4294967295 4294967296 ])
      (takes types.ints.s32 [ (-2147483649) (-2147483648) 2147483647 2147483648 ]) (takes types.port [ 0 65535 65536 ])
      (takes types.numbers.positive [ 0 0.5 ]) (takes types.numbers.nonnegative [ 0 (-0.5) ]) (takes (types.numbers.between 0 1) [ 0.5 1.5 ])
    ];
    want = [
      [ false false true ] [ false true true ] [ false true true false ]
      [ false true true false ] [ false true true false ] [ true false ]
      [ false true true false ] [ true false ]
      [ false true true false ] [ true true false ]
      [ false true ] [ true false ] [ true false ]
    ];
  };
  "strings" = {
    expr = [
      (takes types.nonEmptyStr [ "" " \n\t" "a" ]) (takes types.singleLineStr [ "a" "a\n" "a\nb" "a\r" ]) (takes (types.strMatching "[a-c]+") [ "abc" "abd" "" ])
      (takes (types.passwdEntry types.str) [ "ok" "a:b" "a\nb" ])
      (one types.singleLineStr [ "a\n" ]) (one types.commas [ "a" "b" ]) (one types.envVar [ "a" "b" ]) (one (types.separatedString "; ") [ "a" "b" ]) (one types.str [ "a" "a" ])
    ];
    want = [ [ false false true ] [ true true false false ] [ true false false ] [ true false false ] "a" "b,a" "b:a" "b; a" "a" ];
  };
  "paths" = {
    expr = [
      (takes types.path [ "/a" "a" "" ./files "${builtins.storeDir}/x" { outPath = "/a"; } { outPath = "a"; } ])
      (takes types.pathInStore [ "${builtins.storeDir}/00000000000000000000000000000000-x" "${builtins.storeDir}/00000000000000000000000000000000-x/bin" "${builtins.storeDir}" "${builtins.storeDir}/.links" "${builtins.storeDir}/../etc" "/etc" ])
      (takes types.externalPath [ "/etc" "${builtins.storeDir}/00000000000000000000000000000000-x" ./files "rel" ])
      (takes (types.pathWith { absolute = false; }) [ "a/b" "/a" ])
    ];
    want = [ [ true false false true true true false ] [ true true false false false false ] [ true false false false ] [ true false ] ];
  };
  "packages" = {
    expr = takes types.package [ { type = "derivation"; } "${builtins.storeDir}/00000000000000000000000000000000-x" "/etc" { } "s" ];
    want = [ true true false false false ];
  };
  "a package's value is itself" = { expr = (one types.package [ { type = "derivation"; name = "x"; outPath = "/x"; } ]).name; want = "x"; };
  "shells are packages that say their path" = { expr = takes types.shellPackage [ { type = "derivation"; shellPath = "/bin/x"; } { type = "derivation"; } ]; want = [ true false ]; };
  "enum" = { expr = [ (takes (types.enum [ "a" 1 null ]) [ "a" 1 null "b" ]) (one (types.enum [ "a" "b" ]) [ "b" ]) ]; want = [ [ true true true false ] "b" ]; };
  "boolByOr is true where any is" = { expr = [ (one types.boolByOr [ false true ]) (one types.boolByOr [ false false ]) ]; want = [ true false ]; };
  "attrs puts one set over the other" = { expr = one types.attrs [ { a.x = 1; b = 1; } { a.y = 2; } ]; want = { a.x = 1; b = 1; }; };
  "options without a type merge by what they are given" = {
    expr = map (values: (eval ([ { options.x = mkOption { }; } ] ++ map (x: { inherit x; }) values)).x) [ [ [ 1 ] [ 2 ] ] [ { a = 1; } { b = 2; } ] [ true false ] [ "a" "b" ] [ 1 1 ] ];
    want = [ [ 2 1 ] { a = 1; b = 2; } true "ba" 1 ];
  };
  "addCheck" = { expr = takes (types.addCheck types.int (x: x > 2)) [ 1 3 "s" ]; want = [ false true false ]; };
  "types of one's own" = {
    expr = one (lib.mkOptionType { name = "sum"; check = builtins.isInt; merge = _: defs: builtins.foldl' (a: d: a + d.value) 0 defs; }) [ 1 2 3 ];
    want = 6;
  };
  "descriptions" = {
    expr = map (type: type.description) (with types; [
      bool int float number str lines commas envVar path pathInStore externalPath package port raw anything unspecified attrs nonEmptyStr singleLineStr boolByOr shellPackage
      ints.positive ints.unsigned ints.u8 ints.s32 (ints.between 1 2) (numbers.between 1 2) (strMatching "[a]") (separatedString "+") (enum [ ]) (enum [ "a" ]) (enum [ "a" 1 true ])
      (passwdEntry str) optionType json toml
    ]);
    want = [
      "boolean" "signed integer" "floating point number" "signed integer or floating point number" "string" "strings concatenated with \"\\n\""
      "strings concatenated with \",\"" "strings concatenated with \":\"" "absolute path" "path in the Nix store" "absolute path not in the Nix store" "package" "16 bit unsigned integer; between 0 and 65535 (both inclusive)"
      "raw value" "anything" "unspecified value" "attribute set" "non-empty string" "(optionally newline-terminated) single-line string" "boolean (merged using or)" "package"
      "positive integer, meaning >0" "unsigned integer, meaning >=0" "8 bit unsigned integer; between 0 and 255 (both inclusive)"
      "32 bit signed integer; between -2147483648 and 2147483647 (both inclusive)" "integer between 1 and 2 (both inclusive)" "integer or floating point number between 1 and 2 (both inclusive)"
      "string matching the pattern [a]" "strings concatenated with \"+\"" "impossible (empty enum)" "value \"a\" (singular enum)" "one of \"a\", 1, true"
      "string, not containing newlines or colons" "optionType" "JSON value" "TOML value"
    ];
  };
  "names" = {
    expr = map (type: type.name) (with types; [ bool int str (enum [ ]) port ints.positive (listOf str) (nullOr str) (attrsOf str) (lazyAttrsOf str) (submodule { }) (either str int) raw path ]);
    want = [ "bool" "int" "str" "enum" "unsignedInt16" "positiveInt" "listOf" "nullOr" "attrsOf" "lazyAttrsOf" "submodule" "either" "raw" "path" ];
  };

  "no string" = wrong types.str 1;
  "no integer" = wrong types.int "1";
  "no port" = wrong types.port 70000;
  "no positive one" = wrong types.ints.positive 0;
  "no Boolean" = wrong types.bool "yes";
  "none of the choices" = wrong (types.enum [ "a" "b" ]) "c";
  "no match" = wrong (types.strMatching "[a-z]") "A";
  "no path" = wrong types.path "relative";
  "no package" = wrong types.package "hello";
  "one value of raw only" = {
    expr = (eval [ { options.x = mkOption { type = types.raw; }; } { _file = "a.nix"; x = 1; } { _file = "b.nix"; x = 1; } ]).x;
    error = [ "`x' is defined multiple times while it's expected to be unique" "`a.nix'" "`b.nix'" ];
  };
  "an empty range" = { expr = types.ints.between 2 1; error = [ "lowest must be smaller" ]; };
  "values that do not go together without a type" = {
    expr = (eval [ { options.x = mkOption { }; } { _file = "a.nix"; x = 1; } { _file = "b.nix"; x = "s"; } ]).x;
    error = [ "Cannot merge definitions of `x'" "`a.nix'" "`b.nix'" ];
  };
}
