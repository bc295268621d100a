# Words for a POSIX shell: everything literal, but $HOSTENV_…, $XDG_… and $HOME, which are only known at run time.
{ lib }:
rec {
  word = s:
    lib.concatMapStrings (
      part: if builtins.isString part then literal part else "\"$" + builtins.head (builtins.filter (x: x != null) part) + "\""
    ) (builtins.split "[$](HOSTENV_[A-Z_]+|XDG_[A-Z_]+|HOME)|[$][{](HOSTENV_[A-Z_]+|XDG_[A-Z_]+|HOME)[}]" s)
    + lib.optionalString (s == "") "''";
  literal = s: if s == "" then "" else lib.escapeShellArg s;
  words = lib.concatMapStringsSep " " word;
}
