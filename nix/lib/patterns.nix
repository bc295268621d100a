# Patterns of branch names, where `*` stands for any characters: the receiver reads them in the same way.
let
  inherit (builtins) attrNames concatStringsSep elemAt filter foldl' isString match replaceStrings split stringLength;
  pieces = pattern: filter isString (split "\\*" pattern);
  escape = replaceStrings [ "\\" "." "+" "?" "(" ")" "[" "]" "{" "}" "^" "$" "|" ] [ "\\\\" "\\." "\\+" "\\?" "\\(" "\\)" "\\[" "\\]" "\\{" "\\}" "\\^" "\\$" "\\|" ];
in
rec {
  matches = pattern: name: match (concatStringsSep ".*" (map escape (pieces pattern))) name != null;
  # More exact characters before the first `*` are nearer; then the longer pattern is.
  nearer = a: b:
    let exact = pattern: stringLength (elemAt (pieces pattern) 0); in
    exact a > exact b || (exact a == exact b && stringLength a > stringLength b);
  # The nearest of the enabled patterns that match a name, or null.
  nearest = previews: name:
    foldl' (best: pattern: if best == null || nearer pattern best then pattern else best) null (
      filter (pattern: previews.${pattern}.enable && matches pattern name) (attrNames previews)
    );
}
