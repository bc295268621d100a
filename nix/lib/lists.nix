# Functions about lists, with nixpkgs' signatures.
lib:
let
  inherit (builtins) any concatMap elem elemAt filter genList head isList length sort tail;
in
rec {
  inherit (builtins) all any concatLists concatMap elem elemAt filter genList groupBy head isList length map partition sort tail;
  concatAttrValues = set: builtins.concatLists (builtins.attrValues set);
  singleton = x: [ x ];
  forEach = xs: f: map f xs;
  optional = condition: x: if condition then [ x ] else [ ];
  optionals = condition: xs: if condition then xs else [ ];
  toList = x: if isList x then x else [ x ];
  flatten = x: if isList x then concatMap flatten x else [ x ];
  remove = x: filter (y: y != x);
  foldl' = op: start: builtins.seq start (builtins.foldl' op start);
  foldl = op: start: xs: let go = n: if n == 0 then start else op (go (n - 1)) (elemAt xs (n - 1)); in go (length xs);
  foldr = op: end: xs:
    let
      n = length xs;
      go = i: if i == n then end else op (elemAt xs i) (go (i + 1));
    in
    go 0;
  imap0 = f: xs: genList (i: f i (elemAt xs i)) (length xs);
  imap1 = f: xs: genList (i: f (i + 1) (elemAt xs i)) (length xs);
  ifilter0 = keep: xs: map (elemAt xs) (filter (i: keep i (elemAt xs i)) (genList (i: i) (length xs)));
  count = keep: xs: length (filter keep xs);
  range = first: last: if first > last then [ ] else genList (n: first + n) (last - first + 1);
  replicate = n: x: genList (_: x) n;
  groupBy' = op: start: key: xs: builtins.mapAttrs (_: foldl op start) (builtins.groupBy key xs);

  # The first that is wanted, without looking at those after it.
  findFirstIndex = wanted: default: xs:
    let
      # Not by recursion, which long lists would be too deep for. Below zero: not found yet, so many looked at.
      at = builtins.foldl' (at: x: if at >= 0 then at else if wanted x then -at - 1 else at - 1) (-1) xs;
    in
    if at < 0 then default else at;
  findFirst = wanted: default: xs: let i = findFirstIndex wanted null xs; in if i == null then default else elemAt xs i;
  findSingle = wanted: none: several: xs:
    let found = filter wanted xs; in
    if found == [ ] then none else if length found == 1 then head found else several;

  sublist = start: count: xs: genList (i: elemAt xs (start + i)) (lib.max 0 (lib.min count (length xs - start)));
  take = sublist 0;
  drop = n: xs: sublist n (length xs) xs;
  takeEnd = n: xs: drop (lib.max 0 (length xs - n)) xs;
  dropEnd = n: xs: take (lib.max 0 (length xs - n)) xs;
  last = xs: assert lib.assertMsg (xs != [ ]) "lists.last: list must not be empty!"; elemAt xs (length xs - 1);
  init = xs: assert lib.assertMsg (xs != [ ]) "lists.init: list must not be empty!"; take (length xs - 1) xs;
  hasPrefix = prefix: xs: take (length prefix) xs == prefix;
  removePrefix = prefix: xs:
    if hasPrefix prefix xs then drop (length prefix) xs else throw "lib.lists.removePrefix: First argument is not a list prefix of the second argument";
  commonPrefix = a: b: take (findFirstIndex (x: x) (lib.min (length a) (length b)) (zipListsWith (x: y: x != y) a b)) a;
  reverseList = xs: let n = length xs; in if n < 2 then xs else genList (i: elemAt xs (n - i - 1)) n;
  zipListsWith = f: a: b: genList (i: f (elemAt a i) (elemAt b i)) (lib.min (length a) (length b));
  zipLists = zipListsWith (fst: snd: { inherit fst snd; });
  replaceElemAt = xs: at: x: assert lib.assertMsg (at >= 0 && at < length xs) "'lists.replaceElemAt' called with index ${toString at} on a list of size ${toString (length xs)}"; imap0 (i: y: if i == at then x else y) xs;

  unique = builtins.foldl' (found: x: if elem x found then found else found ++ [ x ]) [ ];
  uniqueStrings = xs: builtins.attrNames (builtins.groupBy (x: x) xs);
  allUnique = xs: length (unique xs) == length xs;
  intersectLists = a: filter (x: elem x a);
  subtractLists = a: filter (x: !(elem x a));
  mutuallyExclusive = a: b: !(any (x: elem x a) b);

  sortOn = key: xs: map (pair: pair.x) (sort (a: b: a.key < b.key) (map (x: { inherit x; key = key x; }) xs));
  compareLists = compare: a: b:
    if a == [ ] || b == [ ] then
      lib.compare (length a) (length b)
    else
      let first = compare (head a) (head b); in
      if first == 0 then compareLists compare (tail a) (tail b) else first;
  # "a2" before "a10".
  naturalSort = xs:
    let parts = text: map (part: if isList part then lib.toInt (head part) else part) (builtins.split "(0|[1-9][0-9]*)" text); in
    map (pair: pair.text) (sort (a: b: compareLists lib.compare a.parts b.parts < 0) (map (text: { inherit text; parts = parts text; }) xs));
}
