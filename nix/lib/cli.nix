# Command lines from sets, with nixpkgs' signatures: { verbose = true; o = "x"; } is --verbose -o x.
lib:
let
  inherit (builtins) concatLists isBool isList stringLength;
  inherit (lib) concatMap escapeShellArgs mapAttrsToList optional;
  plain = lib.generators.mkValueStringDefault { };
in
rec {
  # `format` says of an option's name how it is written: { option; sep; explicitBool; formatArg; }.
  toCommandLine = format: set:
    let
      one = { option, sep, explicitBool, formatArg ? plain }: value:
        if value == null || (!explicitBool && value == false) then
          [ ]
        else if !explicitBool && value == true then
          [ option ]
        else if sep == null then
          [ option (formatArg value) ]
        else
          [ "${option}${sep}${formatArg value}" ];
      words = name: value:
        lib.throwIf (name == "") "lib.cli.toCommandLine only accepts non-empty option names." (concatMap (one (format name)) (lib.toList value));
    in
    concatLists (mapAttrsToList words set);
  toCommandLineGNU = { isLong ? name: stringLength name > 1, explicitBool ? false, formatArg ? plain }:
    toCommandLine (name: {
      option = if isLong name then "--${name}" else "-${name}";
      sep = if isLong name then "=" else "";
      inherit explicitBool formatArg;
    });
  toCommandLineShell = format: set: escapeShellArgs (toCommandLine format set);
  toCommandLineShellGNU = how: set: escapeShellArgs (toCommandLineGNU how set);

  # The older way.
  toGNUCommandLine =
    {
      mkOptionName ? name: if stringLength name == 1 then "-${name}" else "--${name}",
      mkBool ? name: value: optional value (mkOptionName name),
      optionValueSeparator ? null,
      mkOption ? name: value:
        if value == null then
          [ ]
        else if optionValueSeparator == null then
          [ (mkOptionName name) (plain value) ]
        else
          [ "${mkOptionName name}${optionValueSeparator}${plain value}" ],
      mkList ? name: concatMap (mkOption name),
    }:
    set: concatLists (mapAttrsToList (name: value: (if isBool value then mkBool else if isList value then mkList else mkOption) name value) set);
  toGNUCommandLineShell = how: set: escapeShellArgs (toGNUCommandLine how set);
}
