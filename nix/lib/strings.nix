# Functions about strings, with nixpkgs' signatures.
lib:
let
  lower = lib.stringToCharacters "abcdefghijklmnopqrstuvwxyz";
  upper = lib.stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
in
{
  inherit (builtins) concatStringsSep replaceStrings stringLength substring hashString match split baseNameOf dirOf toString;
  stringToCharacters = s: builtins.genList (i: builtins.substring i 1 s) (builtins.stringLength s);
  concatStrings = builtins.concatStringsSep "";
  concatMapStrings = f: xs: builtins.concatStringsSep "" (map f xs);
  concatMapStringsSep = sep: f: xs: builtins.concatStringsSep sep (map f xs);
  concatLines = lib.concatMapStrings (s: s + "\n");
  optionalString = condition: s: if condition then s else "";
  hasPrefix = prefix: s: builtins.substring 0 (builtins.stringLength prefix) s == prefix;
  hasSuffix = suffix: s:
    let n = builtins.stringLength s - builtins.stringLength suffix; in
    n >= 0 && builtins.substring n (-1) s == suffix;
  hasInfix = infix: s: builtins.length (lib.splitString infix s) > 1;
  removePrefix = prefix: s:
    if lib.hasPrefix prefix s then builtins.substring (builtins.stringLength prefix) (-1) s else s;
  removeSuffix = suffix: s:
    if lib.hasSuffix suffix s then
      builtins.substring 0 (builtins.stringLength s - builtins.stringLength suffix) s
    else
      s;
  escape = characters: builtins.replaceStrings characters (map (c: "\\${c}") characters);
  escapeRegex = lib.escape (lib.stringToCharacters "\\[{()^$?*+|.");
  splitString = sep: s: builtins.filter builtins.isString (builtins.split (lib.escapeRegex sep) s);
  toLower = builtins.replaceStrings upper lower;
  toUpper = builtins.replaceStrings lower upper;
  escapeShellArg = arg: "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] (toString arg)}'";
  escapeShellArgs = lib.concatMapStringsSep " " lib.escapeShellArg;
  trim = s: let m = builtins.match "[[:space:]]*(.*[^[:space:]])[[:space:]]*" s; in if m == null then "" else builtins.head m;
  versionOlder = a: b: builtins.compareVersions b a == 1;
  versionAtLeast = a: b: !(lib.versionOlder a b);
  getBin = package: package.bin or package;
  getExe' = package: program: "${lib.getBin package}/bin/${program}";
  getExe = package: lib.getExe' package (package.meta.mainProgram or (builtins.parseDrvName package.name).name);
  makeSearchPath = sub: packages: lib.concatMapStringsSep ":" (p: "${p}/${sub}") (builtins.filter (p: p != null) packages);
  makeBinPath = packages: lib.makeSearchPath "bin" (map lib.getBin packages);
}
