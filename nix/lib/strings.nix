# Functions about strings, versions and shell words, with nixpkgs' signatures.
lib:
let
  inherit (builtins) concatStringsSep filter genList head isAttrs isInt isList isPath isString length match replaceStrings split stringLength substring toJSON typeOf;
  letters = s: genList (i: substring i 1 s) (stringLength s);
  lower = letters "abcdefghijklmnopqrstuvwxyz";
  upper = letters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  # Text taken out of another keeps what that depends on.
  contextOf = s: text: substring 0 0 s + text;
  number = name: pattern: s: plain:
    let
      found = match pattern s;
      value = builtins.fromJSON (plain (head found));
    in
    if found != null && isInt value then value else throw "${name}: Could not convert ${lib.escapeNixString s} to int.";
in
rec {
  inherit (builtins)
    appendContext compareVersions concatStringsSep fromJSON isPath isString match parseDrvName replaceStrings split storeDir stringLength
    substring toJSON typeOf unsafeDiscardStringContext;
  lowerChars = lower;
  upperChars = upper;
  stringToCharacters = letters;
  stringAsChars = f: s: concatStrings (map f (letters s));
  join = concatStringsSep;
  concatStrings = concatStringsSep "";
  concatMapStrings = f: xs: concatStrings (map f xs);
  concatImapStrings = f: xs: concatStrings (lib.imap1 f xs);
  concatMapStringsSep = sep: f: xs: concatStringsSep sep (map f xs);
  concatImapStringsSep = sep: f: xs: concatStringsSep sep (lib.imap1 f xs);
  concatMapAttrsStringSep = sep: f: set: concatStringsSep sep (lib.mapAttrsToList f set);
  concatLines = concatMapStrings (s: s + "\n");
  intersperse = sep: xs: if xs == [ ] then [ ] else builtins.tail (builtins.concatMap (x: [ sep x ]) xs);
  replicate = n: s: concatStrings (genList (_: s) n);
  optionalString = condition: s: if condition then s else "";
  replaceString = from: to: replaceStrings [ from ] [ to ];
  addContextFrom = contextOf;
  fileContents = file: removeSuffix "\n" (builtins.readFile file);

  hasPrefix = prefix: s: substring 0 (stringLength prefix) s == prefix;
  hasSuffix = suffix: s: stringLength s >= stringLength suffix && substring (stringLength s - stringLength suffix) (-1) s == suffix;
  hasInfix = infix: s: length (split (escapeRegex infix) "${s}") > 1;
  removePrefix = prefix: s: if hasPrefix prefix s then substring (stringLength prefix) (-1) s else s;
  removeSuffix = suffix: s: if hasSuffix suffix s then substring 0 (stringLength s - stringLength suffix) s else s;
  splitString = sep: s: map (contextOf s) (filter isString (split (escapeRegex (toString sep)) (toString s)));
  trim = trimWith { start = true; end = true; };
  trimWith = { start ? false, end ? false }: s:
    let
      found = match "${if start then "[ \t\r\n]*" else ""}(.*${if end then "[^ \t\r\n])[ \t\r\n]*" else ")"}" s;
    in
    if found == null then "" else head found;
  toLower = replaceStrings upper lower;
  toUpper = replaceStrings lower upper;
  toSentenceCase = s:
    lib.throwIfNot (isString s) "toSentenceCase does only accepts string values, but got ${typeOf s}" contextOf s (toUpper (substring 0 1 s) + toLower (substring 1 (-1) s));
  fixedWidthString = width: filler: s:
    assert lib.assertMsg (stringLength s <= width) "fixedWidthString: requested string length (${toString width}) must not be shorter than actual length (${toString (stringLength s)})";
    if stringLength s == width then s else filler + fixedWidthString (width - stringLength filler) filler s;
  fixedWidthNumber = width: n: fixedWidthString width "0" (toString n);

  # What can be the name of a derivation.
  sanitizeDerivationName = name:
    let
      plain = builtins.unsafeDiscardStringContext name;
      words = split "[^[:alnum:]+._?=-]+" (head (match "\\.*(.*)" plain));
      joined = concatMapStrings (part: if isList part then "-" else part) words;
      short = substring (lib.max (stringLength joined - 207) 0) (-1) joined;
    in
    if stringLength plain <= 207 && match "[[:alnum:]+_?=-][[:alnum:]+._?=-]*" plain != null then
      plain
    else if short == "" then
      "unknown"
    else
      short;

  escape = characters: replaceStrings characters (map (c: "\\${c}") characters);
  escapeRegex = escape (letters "\\[{()^$?*+|.");
  escapeXML = replaceStrings [ "\"" "'" "<" ">" "&" ] [ "&quot;" "&apos;" "&lt;" "&gt;" "&amp;" ];
  escapeNixString = s: escape [ "$" ] (toJSON s);
  escapeNixIdentifier = s:
    let keyword = builtins.elem s [ "assert" "else" "if" "in" "inherit" "let" "or" "rec" "then" "with" ]; in
    if match "[a-zA-Z_][a-zA-Z0-9_'-]*" s != null && !keyword then s else escapeNixString s;
  # A word for a POSIX shell; quoted only where it must be.
  escapeShellArg = arg:
    let s = toString arg; in
    if match "[[:alnum:],._+:@%/-]+" s == null then "'${replaceString "'" "'\\''" s}'" else s;
  escapeShellArgs = concatMapStringsSep " " escapeShellArg;
  isValidPosixName = name: match "[a-zA-Z_][a-zA-Z0-9_]*" name != null;
  toShellVar = name: value:
    lib.throwIfNot (isValidPosixName name) "toShellVar: ${name} is not a valid shell variable name" (
      if isAttrs value && !(isStringLike value) then
        "declare -A ${name}=(${concatMapAttrsStringSep " " (key: x: "[${escapeShellArg key}]=${escapeShellArg x}") value})"
      else if isList value then
        "declare -a ${name}=(${escapeShellArgs value})"
      else
        "${name}=${escapeShellArg value}"
    );
  toShellVars = concatMapAttrsStringSep "\n" toShellVar;

  isStringLike = x: isString x || isPath x || x ? outPath || x ? __toString;
  isConvertibleWithToString = x:
    isStringLike x || builtins.elem (typeOf x) [ "null" "int" "float" "bool" ] || (isList x && builtins.all isConvertibleWithToString x);
  isStorePath = x:
    isStringLike x
    && (
      let s = toString x; in
      substring 0 1 s == "/" && (dirOf s == builtins.storeDir || match "/[0-9a-z]{52}" s != null)
    );
  toInt = s: number "toInt" "[[:space:]]*(-?[[:digit:]]+)[[:space:]]*" s (
    found:
    if match "0[[:digit:]]+" found == null then
      found
    else
      throw "toInt: Ambiguity in interpretation of ${escapeNixString s} between octal and zero padded integer."
  );
  escapeURL =
    let
      # All of ASCII but the letters that may stay.
      all = builtins.genList (i: { name = builtins.fromJSON "\"\\u00${fixedWidthString 2 "0" (lib.toHexString (i + 1))}\""; value = i + 1; }) 126;
      strange = filter (c: match "[A-Za-z0-9_.~-]" c.name == null) all;
    in
    replaceStrings (map (c: c.name) strange) (map (c: "%${fixedWidthString 2 "0" (lib.toHexString c.value)}") strange);
  toIntBase10 = s: number "toIntBase10" "[[:space:]]*0*(-?[[:digit:]]+)[[:space:]]*" s (found: if match "0+" found == null then found else "0");
  floatToString = x: let s = toString x; in lib.warnIf (builtins.fromJSON s != x) "Imprecise conversion from float to string ${s}" s;

  versionOlder = a: b: builtins.compareVersions b a == 1;
  versionAtLeast = a: b: !(versionOlder a b);
  getName = x: if isString x then (builtins.parseDrvName x).name else x.pname or (builtins.parseDrvName x.name).name;
  getVersion = x: if isString x then (builtins.parseDrvName x).version else x.version or (builtins.parseDrvName x.name).version;
  makeSearchPath = sub: paths: concatMapStringsSep ":" (path: path + "/" + sub) (filter (path: path != null) paths);
  makeSearchPathOutput = output: sub: packages: makeSearchPath sub (map (lib.getOutput output) packages);
  makeBinPath = makeSearchPathOutput "bin" "bin";
  makeLibraryPath = makeSearchPathOutput "lib" "lib";
  makeIncludePath = makeSearchPathOutput "dev" "include";
  enableFeature = on: feature: "--${if on then "enable" else "disable"}-${feature}";
  withFeature = on: feature: "--${if on then "with" else "without"}-${feature}";

  # How many letters must be put in, left out or changed to make one word of the other.
  levenshtein = a: b:
    let
      rows = genList (i: genList (j: distance i j) (stringLength b + 1)) (stringLength a + 1);
      at = i: j: builtins.elemAt (builtins.elemAt rows i) j;
      distance = i: j:
        if i == 0 || j == 0 then
          i + j
        else
          lib.min (1 + lib.min (at (i - 1) j) (at i (j - 1))) (
            at (i - 1) (j - 1) + (if substring (i - 1) 1 a == substring (j - 1) 1 b then 0 else 1)
          );
    in
    at (stringLength a) (stringLength b);
}
