# Whether an input as flake.nix writes it is the one that flake.lock was made for. Only for telling a stale lock from a good
# one: what is used is what the lock says, whatever stands here.
let
  inherit (builtins) all attrNames concatStringsSep elemAt filter foldl' isAttrs isString match split;
  drop = names: set: removeAttrs set (filter (name: set ? ${name}) names);
  query = text: foldl' (
    found: pair:
    let m = match "(ref|rev|dir|host)=(.*)" pair; in
    if m == null then found else found // { ${elemAt m 0} = elemAt m 1; }
  ) { } (if text == null then [ ] else filter isString (split "&" text));
  refOrRev = text: if text == null then { } else if match "[0-9a-f]{40}" text != null then { rev = text; } else { ref = text; };

  # The attributes of a reference, or null for a form that is not known here.
  parse = url:
    let
      parts = match "([^?]*)(\\?(.*))?" url;
      bare = elemAt parts 0;
      more = query (elemAt parts 2);
      hub = match "(github|gitlab|sourcehut):([^/]+)/([^/]+)(/(.+))?" bare;
      git = match "git\\+(.*)" bare;
      tarball = match "(tarball\\+)?(https?://.*)" bare;
      path = match "path:(.*)" bare;
      flake = match "(flake:)?([a-zA-Z][a-zA-Z0-9_-]*)(/(.+))?" bare;
    in
    if hub != null then
      { type = elemAt hub 0; owner = elemAt hub 1; repo = elemAt hub 2; } // refOrRev (elemAt hub 4) // more
    else if git != null then
      { type = "git"; url = elemAt git 0; } // more
    else if tarball != null then
      { type = "tarball"; }
    else if path != null then
      { type = "path"; path = elemAt path 0; }
    else if match "\\.?\\.?/.*|\\.\\.?" bare != null then
      { type = "path"; path = bare; }
    else if flake != null then
      { type = "indirect"; id = elemAt flake 1; }
    else
      null;

  agrees = said: locked: said == null || all (name: (locked.${name} or null) == said.${name}) (attrNames said);
in
{ input, locked }:
# `locked` is { follows; } or { original; }. An input that only sets something of another's inputs is looked up by its name.
if !(isAttrs input) then
  true
else if locked ? follows then
  (input.follows or null) == concatStringsSep "/" locked.follows
else if input ? follows then
  false
else if input ? url then
  !(isString input.url) || agrees (parse input.url) locked.original
else if input ? type then
  agrees (drop [ "flake" "inputs" ] input) locked.original
else
  locked.original.type == "indirect"
