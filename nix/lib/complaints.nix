# What is said where declarations or definitions do not fit together: each names the option and the file.
lib:
let
  inherit (builtins) attrNames concatMap concatStringsSep filter length typeOf;
  inherit (lib) last optionalString showDefs showOption;
  quoted = path: "`${showOption path}'";
in
{
  # d: { _file; options; } whose `options` is no set.
  noOptions = loc: d:
    "In module `${d._file}', an option declaration for ${quoted loc} has type `${typeOf d.options}' rather than an attribute set. Did you mean to define this outside of `options'?";

  noDeclaration = loc: d:
    "In module ${d._file}: expected an option declaration at option path ${quoted loc} but got an attribute set with type ${d.options._type}"
    + optionalString (d.options._type == "option-type") "\n\nWhen declaring an option, you must wrap the type in a `mkOption` call: ${
      lib.escapeNixIdentifier (last loc)
    } = lib.mkOption { type = …; };";

  # A definition { file; value; } of several options at once that is no set.
  noSet = loc: def:
    "In module `${toString def.file}', you're trying to define a value of type `${typeOf def.value}' rather than an attribute set for the option ${quoted loc}!${showDefs [ def ]}";

  # An option that would be a set of others.
  noParent = loc: parent: children:
    "The option ${quoted loc} in module `${parent._file}' would be a parent of the following options, but its type `${
      parent.options.type.description or "<no description>"
    }' does not support nested options.\n"
    + concatStringsSep "\n" (
      concatMap (d: map (name: "- option(s) with prefix ${quoted (loc ++ [ name ])} in module `${d._file}'") (attrNames d.options)) children
    );

  # A definition { file; value; prefix; } at a place that no option is declared for; with the names that may have been meant.
  noSuchOption = prefix: options: def:
    let
      parent = lib.init def.prefix;
      known = filter (name: name != "_module") (attrNames (lib.attrByPath parent { } options));
      distance = lib.levenshtein (last def.prefix);
      near = lib.take 3 (lib.sortOn distance (filter (name: distance name <= 3) known));
      meant = map (name: quoted (prefix ++ parent ++ [ name ])) near;
      path = prefix ++ def.prefix;
    in
    "The option ${quoted path} does not exist. Definition values:${
      builtins.addErrorContext "while evaluating the error message for definitions for ${quoted path}, which is an option that does not exist" (
        builtins.addErrorContext "while evaluating a definition from `${toString def.file}'" (showDefs [ def ])
      )
    }"
    + (
      if attrNames options == [ "_module" ] then
        if prefix == [ ] then
          "\n\nIt seems as if you're trying to declare an option by placing it into `config' rather than `options'!\n"
        else
          "\n\nHowever there are no options defined in ${quoted prefix}. This can happen if you e.g. declared your options in `types.submodule' under `config' rather than `options'.\n"
      else if meant != [ ] then
        "\n\nDid you mean ${concatStringsSep ", " (lib.init meant)}${optionalString (length meant > 1) " or "}${last meant}?"
      else
        optionalString (known != [ ]) "\n\nKnown here: ${concatStringsSep ", " (lib.take 20 known)}${optionalString (length known > 20) ", …"}"
    );
}
