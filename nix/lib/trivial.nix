# Functions about functions, warnings and files.
lib: {
  inherit (builtins) isString isInt isFloat isBool isList isAttrs isPath functionArgs seq deepSeq pathExists readFile fromJSON toJSON;
  id = x: x;
  const = x: _: x;
  flip = f: a: b: f b a;
  pipe = builtins.foldl' (x: f: f x);
  fix = f: let x = f x; in x;
  extends = overlay: f: final: let prev = f final; in prev // overlay final prev;
  isFunction = f: builtins.isFunction f || (f ? __functor && lib.isFunction (f.__functor f));
  toFunction = f: if lib.isFunction f then f else _: f;
  setFunctionArgs = f: args: {
    __functor = _: f;
    __functionArgs = args;
  };
  importJSON = path: builtins.fromJSON (builtins.readFile path);
  warn = message: builtins.trace "evaluation warning: ${message}";
  warnIf = condition: message: if condition then lib.warn message else x: x;
  throwIf = condition: message: if condition then throw message else x: x;
  throwIfNot = condition: message: if condition then x: x else throw message;
  assertMsg = condition: message: condition || throw message;
  boolToString = b: if b then "true" else "false";
  min = a: b: if a < b then a else b;
  max = a: b: if a > b then a else b;
}
