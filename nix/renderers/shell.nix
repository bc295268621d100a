# Words and numbers for a POSIX shell: everything literal, but $HOSTENV_…, $XDG_… and $HOME, which are only known at run time.
{ lib }:
rec {
  word = s:
    # split forgets which packages a text speaks of.
    builtins.substring 0 0 s
    + lib.concatMapStrings (
      part: if builtins.isString part then literal part else "\"$" + builtins.head (builtins.filter (x: x != null) part) + "\""
    ) (builtins.split "[$](HOSTENV_[A-Z_]+|XDG_[A-Z_]+|HOME)|[$][{](HOSTENV_[A-Z_]+|XDG_[A-Z_]+|HOME)[}]" s)
    + lib.optionalString (s == "") "''";
  # Quoted where it has to be. Not lib.escapeShellArg: its text, and with it every store path, differs between releases of nixpkgs.
  literal = s:
    if builtins.match "[a-zA-Z0-9,._+:@%/-]*" s != null then s else "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] s}'";
  # Bytes of a size such as "512M".
  bytes = size:
    let
      parts = builtins.match "([0-9]+)([KMGT]?)" size;
      powers = { "" = 1; K = 1024; M = 1048576; G = 1073741824; T = 1099511627776; };
    in
    if builtins.isInt size then size else builtins.fromJSON (builtins.head parts) * powers.${builtins.elemAt parts 1};
  words = lib.concatMapStringsSep " " word;
}
