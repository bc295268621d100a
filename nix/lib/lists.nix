# Functions about lists, with nixpkgs' signatures.
lib: {
  inherit (builtins) all any concatLists concatMap elem elemAt filter foldl' genList groupBy head length map partition sort tail;
  optional = condition: x: if condition then [ x ] else [ ];
  optionals = condition: xs: if condition then xs else [ ];
  singleton = x: [ x ];
  toList = x: if builtins.isList x then x else [ x ];
  flatten = x: if builtins.isList x then builtins.concatMap lib.flatten x else [ x ];
  foldr = op: nul: xs:
    if xs == [ ] then nul else op (builtins.head xs) (lib.foldr op nul (builtins.tail xs));
  last = xs: builtins.elemAt xs (builtins.length xs - 1);
  init = xs: lib.take (builtins.length xs - 1) xs;
  take = n: xs: builtins.genList (builtins.elemAt xs) (lib.min n (builtins.length xs));
  drop = n: xs:
    builtins.genList (i: builtins.elemAt xs (i + n)) (lib.max 0 (builtins.length xs - n));
  range = first: last: if first > last then [ ] else builtins.genList (n: first + n) (last - first + 1);
  reverseList = xs: let n = builtins.length xs; in builtins.genList (i: builtins.elemAt xs (n - i - 1)) n;
  imap0 = f: xs: builtins.genList (i: f i (builtins.elemAt xs i)) (builtins.length xs);
  imap1 = f: xs: builtins.genList (i: f (i + 1) (builtins.elemAt xs i)) (builtins.length xs);
  unique = builtins.foldl' (acc: x: if builtins.elem x acc then acc else acc ++ [ x ]) [ ];
  count = keep: xs: builtins.length (builtins.filter keep xs);
  findFirst = keep: default: xs:
    let found = builtins.filter keep xs; in if found == [ ] then default else builtins.head found;
  zipListsWith = f: a: b:
    builtins.genList (i: f (builtins.elemAt a i) (builtins.elemAt b i)) (lib.min (builtins.length a) (builtins.length b));
}
