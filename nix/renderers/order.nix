# In which order processes start: each in the level after the last of those that it is `after`.
{ lib }: processes:
let
  names = builtins.attrNames processes;
  known = name: builtins.filter (other: processes ? ${other}) processes.${name}.after;
  # Level by level; what is left when no more can be taken waits for itself.
  take = levels: done: left:
    let ready = builtins.filter (name: builtins.all (other: done ? ${other}) (known name)) left; in
    if left == [ ] || ready == [ ] then
      { inherit levels; circle = left; }
    else
      take (levels ++ [ ready ]) (done // lib.genAttrs ready (_: null)) (builtins.filter (name: !(builtins.elem name ready)) left);
in
take [ ] { } names
