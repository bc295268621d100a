# Calls a project's flake as Nix does (its call-flake.nix), but with nothing left to find out: every input is a source that was
# checked and is in the store already. Nix itself is asked to resolve no reference, so none can point where it should not.
#
# `lock` is null, or { inputs; declared; nodes; }: node of each of the flake's inputs, what the lock file was made for, and
# nodes = { <node> = { flake; dir; inputs; narHash; info; } | { flake; dir; inputs; parent; relative; }; }. `fetched` makes a
# hash the path of that source.
{ project, revision, lock, site, fetched }:
let
  agrees = import ./reference.nix;
  noted = import ../lib/noted.nix;
  # Since 2.14 a flake is where its flake.nix is; before, it is the top of its tree.
  ofFolder = builtins.compareVersions builtins.nixVersion "2.14" >= 0;

  call = { sourceInfo, dir, inputs }:
    let
      folder = sourceInfo.outPath + (if dir == "" then "" else "/${dir}");
      flake = import (folder + "/flake.nix");
      outputs = flake.outputs (inputs // { self = result; });
      result = outputs // sourceInfo // { inherit inputs outputs sourceInfo; _type = "flake"; }
        // (if ofFolder then { outPath = folder; } else { });
    in
    result;

  rootInfo = {
    inherit (project) outPath narHash;
    # As for every tree in the store.
    lastModified = 0;
    lastModifiedDate = "19700101000000";
    rev = noted revision;
    shortRev = noted (builtins.substring 0 7 revision);
  };

  nodes = builtins.mapAttrs (
    _: node:
    let
      sourceInfo =
        if node ? narHash then
          { outPath = fetched node.narHash; inherit (node) narHash; } // node.info
        else
          let top = if node.parent == null then rootInfo else nodes.${node.parent}.sourceInfo; in
          { outPath = if node.relative == "" then top.outPath else "${top.outPath}/${node.relative}"; };
    in
    {
      inherit sourceInfo;
      value = if node.flake then call { inherit sourceInfo; inherit (node) dir; inputs = resolve node.inputs; } else sourceInfo;
    }
  ) (if lock == null then { } else lock.nodes);
  resolve = builtins.mapAttrs (_: node: nodes.${node}.value);

  file = import (rootInfo.outPath + "/.hostenv/flake.nix");
  said = file.inputs or { };
  arguments = builtins.functionArgs file.outputs;
  implicit = builtins.filter (name: !arguments.${name} && name != "self" && !(said ? ${name})) (builtins.attrNames arguments);
  # The operator's `site` replaces the project's own.
  wanted = builtins.filter (name: name != "site") (builtins.attrNames said ++ implicit);
  locked = if lock == null then { } else lock.declared;
  unlocked = builtins.filter (name: !(locked ? ${name})) wanted;
  stale = builtins.filter (name: !(agrees { input = said.${name} or { }; locked = locked.${name}; })) wanted;
  list = builtins.concatStringsSep ", ";
in
# The receiver knows these two words, and tells them in sentences of its own.
if unlocked != [ ] then
  throw "hostenv-unlocked: ${list unlocked}"
else if stale != [ ] then
  throw "hostenv-stale: ${list stale}"
else
  call {
    sourceInfo = rootInfo;
    dir = ".hostenv";
    inputs =
      # What the lock file has and flake.nix no longer names is left out, as Nix does.
      (if lock == null then { } else resolve (builtins.intersectAttrs (said // arguments) (removeAttrs lock.inputs [ "site" ])))
      // (if said ? site || builtins.elem "site" implicit then { inherit site; } else { });
  }
