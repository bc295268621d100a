# What modules refuse and mention, as one list, each with the file that it is about: the one that says it, or, where the library
# says it of an option, those that define the option.
{ lib, root }:
let
  library = toString ../.;
  # The pusher knows the tree as the repository, not by its place in the store, which Nix may say in two ways (a private store).
  shown = file:
    let plain = text: builtins.unsafeDiscardStringContext (toString text); in
    if root == null then plain file else lib.last (lib.splitString "/${baseNameOf (plain root)}/" (plain file));
  isOurs = file: lib.hasPrefix library (toString file) || lib.hasPrefix "<" (toString file);
  add = text: files:
    let list = lib.unique (map shown files); in
    if list == [ ] then text else "${text} (${builtins.concatStringsSep ", " list})";

  # Of a text that names an option, as in "option `processes.web.after': …", the files that define it: the option itself, or the
  # nearest one above it.
  definedIn = options: text:
    let
      path = builtins.match ".*option `([A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*)[^']*'.*" text;
      names = builtins.filter builtins.isString (builtins.split "[.]" (builtins.head path));
    in
    if path == null then [ ] else builtins.filter (file: !(isOurs file)) (filesOf (lib.foldl' (at: name: if isOption at then at else at.${name} or { }) options names));
  isOption = at: (at._type or null) == "option";
  # An option, or a set of them.
  filesOf = at: if isOption at then at.files or [ ] else builtins.concatMap filesOf (builtins.filter builtins.isAttrs (builtins.attrValues at));

  # Every element of a list option with the file that it comes from.
  elements = option: builtins.concatMap (def: map (value: { inherit (def) file; inherit value; }) def.value) option.definitionsWithLocations;
  told = options: file: text: add text (if isOurs file then definedIn options text else [ file ]);
in
rec {
  # One is told as it is, several as a list.
  list = of: texts: if builtins.length texts == 1 then "${of}: ${builtins.head texts}" else "${of}: failed assertions:\n${lib.concatMapStringsSep "\n" (text: "- ${text}") texts}";

  located = options: text: add text (definedIn options text);

  failed = { options, config, ... }:
    # The merged list has checked what they are made of.
    builtins.seq (builtins.length config.assertions) (
      map ({ file, value }: told options file value.message) (builtins.filter ({ value, ... }: !value.assertion) (elements options.assertions))
    );

  warnings = { options, config, ... }:
    builtins.seq (builtins.length config.warnings) (
      lib.unique (
        map ({ text, files }: add text files) config.deprecations
        ++ map ({ file, value }: told options file value) (elements options.warnings)
      )
    );

  # The value, once each part of it is one that JSON has. Throws the name of the option that is not.
  serialisable = name: value:
    if builtins.isFunction value then
      throw "option `${name}': a function cannot be part of the manifest"
    else if builtins.isAttrs value && !(value ? outPath) then
      builtins.mapAttrs (part: serialisable "${name}.${part}") value
    else if builtins.isList value then
      map (serialisable name) value
    else
      value;
}
