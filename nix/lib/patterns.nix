# Patterns of branch names, where `*` stands for any characters: the receiver reads them in the same way. No regular expression:
# those of Nix take for ever where there are many stars.
let
  inherit (builtins) attrNames elemAt filter foldl' genList isString length split stringLength substring;
  pieces = pattern: filter isString (split "\\*" pattern);
  # Where `piece` is in `text`, from `at` on; null where it is not.
  find = piece: text: at:
    if at + stringLength piece > stringLength text then
      null
    else if substring at (stringLength piece) text == piece then
      at
    else
      find piece text (at + 1);
in
rec {
  matches = pattern: name:
    let
      parts = pieces pattern;
      first = elemAt parts 0;
      last = elemAt parts (length parts - 1);
      end = stringLength name - stringLength last;
      between = substring 0 end name;
      at = foldl' (
        at: piece: if at == null then null else let found = find piece between at; in if found == null then null else found + stringLength piece
      ) (stringLength first) (genList (i: elemAt parts (i + 1)) (length parts - 2));
    in
    if length parts == 1 then
      pattern == name
    else
      end >= stringLength first
      && substring 0 (stringLength first) name == first
      && substring end (stringLength last) name == last
      && at != null;
  # More exact characters before the first `*` are nearer; then the longer pattern is.
  nearer = a: b:
    let exact = pattern: stringLength (elemAt (pieces pattern) 0); in
    exact a > exact b || (exact a == exact b && stringLength a > stringLength b);
  # The nearest of the enabled patterns that match a name, or null.
  nearest = previews: name:
    foldl' (best: pattern: if best == null || nearer pattern best then pattern else best) null (
      filter (pattern: previews.${pattern}.enable or true && matches pattern name) (attrNames previews)
    );
}
