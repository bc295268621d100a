# Functions about functions, numbers and warnings.
lib:
let
  # A function, or a set that is called like one.
  isFunction = f: builtins.isFunction f || (f ? __functor && builtins.isFunction (f.__functor f));
in
rec {
  inherit (builtins) add bitAnd bitOr bitXor ceil deepSeq div floor genericClosure isBool isFloat isInt lessThan mul pathExists readFile seq sub;
  inherit isFunction;

  id = x: x;
  const = x: _: x;
  flip = f: a: b: f b a;
  pipe = builtins.foldl' (x: f: f x);
  concat = a: b: a ++ b;
  "or" = a: b: a || b;
  and = a: b: a && b;
  xor = a: b: a != b;
  bitNot = builtins.sub (-1);
  mergeAttrs = a: b: a // b;
  defaultTo = default: x: if x == null then default else x;
  mapNullable = f: x: if x == null then null else f x;
  min = a: b: if a < b then a else b;
  max = a: b: if a > b then a else b;
  mod = a: b: a - b * (a / b);
  compare = a: b: if a < b then -1 else if a > b then 1 else 0;
  boolToString = b: if b then "true" else "false";
  boolToYesNo = b: if b then "yes" else "no";
  importJSON = path: builtins.fromJSON (builtins.readFile path);
  importTOML = path: builtins.fromTOML (builtins.readFile path);
  toBaseDigits = base: n: (if n < base then [ ] else toBaseDigits base (n / base)) ++ [ (mod n base) ];
  toHexString = n: builtins.concatStringsSep "" (map (d: builtins.substring d 1 "0123456789ABCDEF") (toBaseDigits 16 n));
  fromHexString = text: (builtins.fromTOML "n=0x${lib.removePrefix "0x" text}").n;
  inPureEvalMode = !(builtins ? currentSystem);

  # What a function's argument set may have, for sets that are called like one as well.
  functionArgs = f: if f ? __functor then f.__functionArgs or (functionArgs (f.__functor f)) else builtins.functionArgs f;
  setFunctionArgs = f: args: { __functor = _: f; __functionArgs = args; };
  mirrorFunctionArgs = f: g: setFunctionArgs g (functionArgs f);
  toFunction = x: if isFunction x then x else _: x;

  warn = builtins.warn or (message: builtins.trace "evaluation warning: ${message}");
  warnIf = condition: message: if condition then warn message else x: x;
  warnIfNot = condition: warnIf (!condition);
  info = message: builtins.trace "INFO: ${message}";
  showWarnings = messages: x: builtins.foldl' (x: message: warn message x) x messages;
  throwIf = condition: message: if condition then throw message else x: x;
  throwIfNot = condition: throwIf (!condition);
  checkListOfEnum = what: valid: given:
    let
      list = lib.concatMapStringsSep ", " toString;
      strange = builtins.filter (x: !(builtins.elem x valid)) given;
    in
    throwIfNot (strange == [ ]) "${what}: ${list strange} unexpected; valid ones: ${list valid}";
}
