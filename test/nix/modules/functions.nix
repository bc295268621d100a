# The functions that modules commonly use besides the module system, a list of questions by subject. The answers are those that
# nixpkgs' lib gives, in functions.json.
{ lib }:
let
  package = { type = "derivation"; name = "tool-1.2"; pname = "tool"; version = "1.2"; outPath = "/o"; meta.mainProgram = "run"; bin = { outPath = "/b"; }; };
  failed = x: !(builtins.tryEval (builtins.deepSeq x x)).success;
in
builtins.mapAttrs (name: expr: { inherit expr; want = (builtins.fromJSON (builtins.readFile ./functions.json)).${name}; }) {
  "sets: mapping and filtering" = [
    (lib.mapAttrs' (n: v: lib.nameValuePair "${n}!" (v + 1)) { a = 1; b = 2; })
    (lib.mapAttrsToList (n: v: "${n}=${toString v}") { a = 1; b = 2; })
    (lib.attrsToList { a = 1; })
    (lib.filterAttrs (n: v: n != "a" && v > 1) { a = 3; b = 2; c = 1; })
    (lib.filterAttrsRecursive (_: v: v != null) { a = null; b.c = null; b.d = 1; })
    (lib.concatMapAttrs (n: v: { "${n}${n}" = v; "${n}1" = v; }) { a = 1; b = 2; })
    (lib.genAttrs [ "a" "b" ] (n: n + n))
    (lib.getAttrs [ "a" ] { a = 1; b = 2; })
    (lib.attrVals [ "b" "a" ] { a = 1; b = 2; })
    (lib.optionalAttrs true { a = 1; }) (lib.optionalAttrs false { a = 1; })
    (lib.mergeAttrsList [ { a = 1; } { a = 2; } { b = 3; } ]) (lib.mergeAttrsList [ ])
    (lib.zipAttrs [ { a = 1; } { a = 2; b = 3; } ])
    (lib.zipAttrsWithNames [ "a" ] (n: vs: "${n}${toString vs}") [ { a = 1; } { a = 2; } ])
    (lib.foldlAttrs (sum: n: v: sum + "${n}${toString v}") "" { a = 1; b = 2; })
    (lib.foldAttrs (v: sum: [ v ] ++ sum) [ ] [ { a = 1; } { a = 2; b = 3; } ])
    (lib.overrideExisting { a = 1; b = 2; } { b = 3; c = 4; })
    (lib.matchAttrs { a.b = 1; } { a.b = 1; a.c = 2; }) (lib.matchAttrs { a.b = 1; } { a.b = 2; })
    (lib.collect builtins.isList { a = [ 1 ]; b.c = [ 2 ]; d = 3; })
    (lib.cartesianProduct { a = [ 1 2 ]; b = [ 3 4 ]; })
    (lib.catAttrs "a" [ { a = 1; } { } { a = 2; } ])
    (lib.attrsets.concatAttrValues or lib.lists.concatAttrValues { a = [ 1 ]; b = [ 2 3 ]; })
  ];
  "sets: paths and depth" = [
    (lib.attrByPath [ "a" "b" ] 0 { a.b = 1; }) (lib.attrByPath [ "a" "x" ] 0 { a.b = 1; }) (lib.attrByPath [ "a" "b" ] 0 { a = 1; })
    (lib.hasAttrByPath [ "a" "b" ] { a.b = 1; }) (lib.hasAttrByPath [ "a" "b" ] { a = 1; })
    (lib.getAttrFromPath [ "a" "b" ] { a.b = 1; })
    (lib.setAttrByPath [ "a" "b" ] 1)
    (lib.mapAttrsRecursive (path: v: lib.concatStringsSep "." path + toString v) { a.b = 1; c = 2; })
    (lib.mapAttrsRecursiveCond (s: !(s ? leaf)) (path: v: builtins.length path) { a.b.leaf = 1; c = 2; })
    (lib.mapAttrsToListRecursive (path: v: lib.concatStringsSep "." path + toString v) { a.b = 1; c = 2; })
    (lib.recursiveUpdate { a.b = 1; a.c = 2; d = 3; } { a.b = 4; d.e = 5; })
    (lib.recursiveUpdate { a = 1; } { a.b = 2; })
    (lib.recursiveUpdateUntil (path: _: _: path == [ "a" ]) { a.b = 1; c.d = 1; } { a.e = 2; c.f = 2; })
    (lib.showAttrPath [ "a" "b c" ]) (lib.showAttrPath [ ])
  ];
  "lists" = [
    (lib.optional true 1) (lib.optional false 1) (lib.optionals true [ 1 ]) (lib.singleton 1) (lib.toList [ 1 ]) (lib.toList 1)
    (lib.flatten [ 1 [ 2 [ 3 [ ] ] ] ]) (lib.remove 1 [ 1 2 1 ]) (lib.forEach [ 1 2 ] (x: x * 2))
    (lib.foldl (a: b: "(${a}${b})") "0" [ "1" "2" ]) (lib.foldr (a: b: "(${a}${b})") "0" [ "1" "2" ]) (lib.foldl' (a: b: a - b) 10 [ 1 2 ])
    (lib.imap0 (i: x: "${toString i}${x}") [ "a" "b" ]) (lib.imap1 (i: x: "${toString i}${x}") [ "a" "b" ]) (lib.lists.ifilter0 (i: x: i == 0 || x == 3) [ 1 2 3 ])
    (lib.findFirst (x: x > 1) 0 [ 1 2 3 ]) (lib.findFirst (x: x > 5) 0 [ 1 2 3 ]) (lib.lists.findFirstIndex (x: x == 3) null [ 1 2 3 ]) (lib.findSingle (x: x > 1) "none" "many" [ 1 2 3 ]) (lib.findSingle (x: x > 2) "none" "many" [ 1 2 3 ])
    (lib.count (x: x > 1) [ 1 2 3 ]) (lib.range 1 3) (lib.range 3 1) (lib.replicate 2 "a") (lib.reverseList [ 1 2 3 ])
    (lib.take 2 [ 1 2 3 ]) (lib.take 5 [ 1 ]) (lib.drop 2 [ 1 2 3 ]) (lib.drop 5 [ 1 ]) (lib.takeEnd 2 [ 1 2 3 ]) (lib.dropEnd 2 [ 1 2 3 ]) (lib.sublist 1 1 [ 1 2 3 ]) (lib.sublist 2 9 [ 1 2 3 ])
    (lib.last [ 1 2 ]) (lib.init [ 1 2 ]) (failed (lib.last [ ])) (failed (lib.init [ ])) (lib.lists.hasPrefix [ 1 ] [ 1 2 ]) (lib.lists.removePrefix [ 1 ] [ 1 2 ]) (lib.lists.commonPrefix [ 1 2 3 ] [ 1 2 4 ])
    (lib.zipListsWith (a: b: a + b) [ 1 2 3 ] [ 1 2 ]) (lib.zipLists [ 1 ] [ 2 ])
    (lib.unique [ 1 2 1 ]) (lib.allUnique [ 1 1 ]) (lib.intersectLists [ 1 2 ] [ 2 3 ]) (lib.subtractLists [ 1 2 ] [ 2 3 ]) (lib.mutuallyExclusive [ 1 ] [ 2 ]) (lib.uniqueStrings [ "b" "a" "b" ])
    (lib.sort (a: b: a < b) [ 3 1 2 ]) (lib.sortOn (x: -x) [ 3 1 2 ]) (lib.naturalSort [ "a10" "a2" "a1" ]) (lib.compareLists lib.compare [ 1 2 ] [ 1 3 ]) (lib.compareLists lib.compare [ 1 ] [ 1 3 ])
    (lib.partition (x: x > 1) [ 1 2 ]) (lib.groupBy (x: if x > 1 then "big" else "small") [ 1 2 3 ]) (lib.groupBy' (a: b: a + b) 0 (x: "all") [ 1 2 3 ]) (lib.lists.replaceElemAt [ 1 2 3 ] 1 9)
  ];
  "strings" = [
    (lib.concatStrings [ "a" "b" ]) (lib.concatMapStrings (x: x + x) [ "a" "b" ]) (lib.concatMapStringsSep "," toString [ 1 2 ]) (lib.concatImapStringsSep "," (i: x: "${toString i}${x}") [ "a" "b" ]) (lib.concatMapAttrsStringSep ";" (n: v: "${n}=${v}") { a = "1"; b = "2"; }) (lib.concatLines [ "a" "b" ]) (lib.concatLines [ ]) (lib.intersperse "," [ "a" "b" ]) (lib.join "-" [ "a" "b" ])
    (lib.optionalString true "a") (lib.optionalString false "a") (lib.replaceString "a" "b" "aXa") (lib.stringAsChars (c: "${c}.") "ab") (lib.stringToCharacters "abc")
    (lib.hasPrefix "a" "ab") (lib.hasSuffix "b" "ab") (lib.hasSuffix "abc" "c") (lib.hasInfix "b.c" "ab.cd") (lib.hasInfix "b.c" "abxcd") (lib.removePrefix "a" "ab") (lib.removeSuffix "b" "ab") (lib.removeSuffix "x" "ab")
    (lib.splitString "." "a.b..c") (lib.splitString "" "ab") (lib.trim " \n a b \t") (lib.trimWith { end = true; } " a ") (lib.toLower "ABcÄ") (lib.toUpper "abC") (lib.toSentenceCase "hELLO") (lib.fixedWidthString 5 "0" "42") (lib.fixedWidthNumber 3 7) (failed (lib.fixedWidthString 1 "0" "42"))
    (lib.escape [ "(" ")" ] "(a)") (lib.escapeRegex "a.b*") (lib.escapeXML "<a b=\"'&\">") (lib.strings.escapeNixString "a\${b}\"\n") (lib.strings.escapeNixIdentifier "a b") (lib.strings.escapeNixIdentifier "in") (lib.escapeURL "a b/ü?")
    (lib.escapeShellArg "it's") (lib.escapeShellArg "plain-1.0/x:y") (lib.escapeShellArg "") (lib.escapeShellArg 5) (lib.escapeShellArgs [ "a b" 1 "$x" ]) (lib.toShellVars { a = "x y"; l = [ 1 "b c" ]; m = { k = "v"; }; }) (failed (lib.toShellVar "1a" "x"))
    (lib.isStringLike { outPath = "a"; }) (lib.isStringLike 1) (lib.strings.isConvertibleWithToString [ 1 "a" ]) (lib.isStorePath "/etc") (lib.isStorePath "${builtins.storeDir}/00000000000000000000000000000000-x") (lib.isStorePath "${builtins.storeDir}/x/y")
    (lib.toInt " 42 ") (lib.toInt "-7") (failed (lib.toInt "042")) (failed (lib.toInt "x")) (lib.toIntBase10 "0042") (lib.strings.floatToString 1.5) (lib.versionOlder "1.9" "1.10") (lib.versionAtLeast "1.10" "1.10") (lib.versions.majorMinor "1.2.3") (lib.getName package) (lib.getName "a-b-1.2") (lib.getVersion "a-b-1.2") (lib.strings.levenshtein "kitten" "sitting") (lib.strings.sanitizeDerivationName "..a b/c") (lib.strings.sanitizeDerivationName "")
  ];
  "functions and numbers" = [
    (lib.pipe 1 [ (x: x + 1) toString ]) (lib.flip (a: b: a - b) 1 3) (lib.const 1 2) (lib.id 1) (lib.fix (self: { a = 1; b = self.a + 1; })).b (lib.converge (x: x / 2) 9)
    (lib.fix (lib.extends (final: prev: { a = prev.a + 1; c = final.b; }) (final: { a = 1; b = final.a; }))) (lib.fix (lib.extends (lib.composeManyExtensions [ (_: prev: { a = prev.a + 1; }) (_: prev: { a = prev.a * 10; }) ]) (_: { a = 1; }))) (removeAttrs ((lib.makeExtensible (self: { a = 1; b = self.a; })).extend (_: _: { a = 5; })) [ "extend" "__unfix__" ])
    (lib.min 1 2) (lib.max 1 2) (lib.mod 7 3) (lib.compare 1 2) (lib.boolToString true) (lib.boolToYesNo false) (lib.defaultTo 1 null) (lib.mapNullable (x: x + 1) null) (lib.mapNullable (x: x + 1) 1) (lib.xor true false) (lib.toHexString 255) (lib.fromHexString "ff") (lib.toBaseDigits 2 6)
    (lib.isFunction (lib.setFunctionArgs (x: x) { })) (lib.functionArgs (lib.setFunctionArgs (x: x) { a = true; })) (lib.functionArgs ({ a, b ? 1 }: a)) (lib.toFunction 1 2) (lib.functionArgs (lib.mirrorFunctionArgs ({ a }: a) (x: x)))
    (failed (lib.throwIf true "m" 1)) (lib.throwIf false "m" 1) (lib.throwIfNot true "m" 1) (lib.warnIf false "m" 1) (failed (lib.assertMsg false "m")) (failed (lib.assertOneOf "x" 1 [ 2 ])) (lib.assertOneOf "x" 2 [ 2 ]) (failed (lib.checkListOfEnum "x" [ 1 ] [ 2 ] 3)) (lib.checkListOfEnum "x" [ 1 ] [ 1 ] 3)
  ];
  "packages and sources" = [
    (lib.getExe package) (lib.getExe' package "other") (failed (lib.getExe' package "a/b")) (failed (lib.getExe' "s" "a")) (lib.getBin package).outPath (lib.getLib package).outPath (lib.getOutput "bin" package).outPath (lib.makeBinPath [ package "/x" ]) (lib.makeSearchPath "share" [ "/a" null "/b" ]) (lib.makeLibraryPath [ package ])
    (lib.isDerivation package) (lib.isDerivation { }) (lib.addMetaAttrs { a = 1; } package).meta (lib.setName "n" package).name
    (map (name: lib.cleanSourceFilter "/x/${name}" "regular") [ ".git" "a.nix" "a~" ".a.swp" "a.o" "result" ]) (lib.cleanSourceFilter "/x/result" "symlink") (lib.cleanSourceFilter "/x/.hg" "directory")
    (builtins.attrNames (builtins.readDir (lib.cleanSourceWith { src = ./files; filter = path: _: baseNameOf path != "wrong.nix"; }))) (builtins.attrNames (builtins.readDir (lib.sourceByRegex ./files [ "a.*" ]))) (builtins.attrNames (builtins.readDir (lib.sourceFilesBySuffices ./files [ "er.nix" ]))) (lib.cleanSource ./files).name
  ];
  "generators" = [
    (lib.generators.toJSON { } { a = [ 1 null ]; }) (lib.generators.toYAML { } { a = 1; })
    (lib.generators.toKeyValue { } { a = 1; b = true; c = "x=y"; d = null; "k=1" = 1.5; }) (lib.generators.toKeyValue { listsAsDuplicateKeys = true; indent = " "; } { a = [ 1 2 ]; }) (lib.generators.toKeyValue { mkKeyValue = lib.generators.mkKeyValueDefault { } ": "; } { a = 1; })
    (lib.generators.toINI { } { s = { a = 1; b = false; }; "[t]" = { }; }) (lib.generators.toINI { listsAsDuplicateKeys = true; mkSectionName = n: "x${n}"; } { s.a = [ 1 2 ]; }) (lib.generators.toINIWithGlobalSection { } { globalSection.a = 1; sections.s.b = 2; }) (lib.generators.toINIWithGlobalSection { } { globalSection = { }; })
    (lib.generators.mkValueStringDefault { } package)
    (lib.generators.toPretty { } { a = [ 1 1.5 "x\"\${y}" null true ]; b = { }; c = [ ]; "d e" = x: x; f = { a, b ? 1 }: a; p = package; t = "a\nb\n"; u = "a\nb"; }) (lib.generators.toPretty { multiline = false; } { a = [ 1 ]; }) (lib.generators.toPretty { allowPrettyValues = true; } { __pretty = v: "<${v}>"; val = "x"; })
    (lib.generators.withRecursion { depthLimit = 1; throwOnDepthLimit = false; } { a.b.c = 1; d = 1; }) (failed (lib.generators.withRecursion { depthLimit = 0; } { a.b = 1; }))
    (lib.cli.toCommandLineGNU { } { verbose = true; o = "x"; list = [ 1 2 ]; off = false; none = null; }) (lib.cli.toCommandLineShellGNU { } { message = "a b"; })
  ];
}
