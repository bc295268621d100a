# Values made of themselves, and what is laid over them.
_:
rec {
  fix = f: let x = f x; in x;
  converge = f: x: let next = f x; in if next == x then x else converge f next;
  extends = overlay: f: final: let prev = f final; in prev // overlay final prev;
  composeExtensions = f: g: final: prev:
    let
      first = f final prev;
    in
    first // g final (prev // first);
  composeManyExtensions = builtins.foldl' composeExtensions (_: _: { });
  makeExtensible = f: fix (self: f self // { extend = overlay: makeExtensible (extends overlay f); });
}
