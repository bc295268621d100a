# Checks that say why, and values shown on standard error while they are evaluated.
lib: {
  asserts = rec {
    assertMsg = condition: message: condition || throw message;
    assertOneOf = name: value: allowed:
      let show = lib.generators.toPretty { }; in
      assertMsg (builtins.elem value allowed) "${name} must be one of ${show allowed}, but is: ${show value}";
  };
  debug = rec {
    inherit (builtins) addErrorContext trace unsafeGetAttrPos;
    traceIf = condition: message: x: if condition then builtins.trace message x else x;
    traceVal = x: builtins.trace x x;
    traceValFn = f: x: builtins.trace (f x) x;
    traceSeq = x: builtins.trace (builtins.deepSeq x x);
    traceValSeq = x: traceSeq x x;
    traceValSeqFn = f: x: traceValFn f (builtins.deepSeq x x);
  };
}
