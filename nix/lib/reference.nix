# What a reference says of options.
lib:
let
  inherit (builtins) filter isBool;
in
rec {
  # The options of a tree and of the submodules in it, for a reference: [{ name; loc; type; description; default; … }].
  optionAttrSetToDocList = options:
    builtins.concatMap (
      option:
      let
        name = lib.showOption option.loc;
        visible = option.visible or true;
        empty = (option.type or { }).emptyValue or { };
        rendered = what: value: builtins.addErrorContext "while evaluating the ${what} of option `${name}`" (renderOptionValue value);
      in
      [
        (
          {
            inherit name;
            inherit (option) loc;
            description = option.description or null;
            declarations = filter (file: file != lib.unknownModule) option.declarations;
            internal = option.internal or false;
            visible = if isBool visible then visible else visible == "shallow";
            readOnly = option.readOnly or false;
            type = option.type.description or "unspecified";
          }
          // lib.optionalAttrs (option ? example) { example = rendered "example" option.example; }
          // lib.optionalAttrs (option ? defaultText || option ? default || empty ? value && option.type.getSubModules or null == null) {
            default = rendered "default value" (option.defaultText or option.default or empty.value);
          }
          // lib.optionalAttrs (option.relatedPackages or null != null) { inherit (option) relatedPackages; }
        )
      ]
      ++ lib.optionals (if isBool visible then visible else visible == "transparent") (
        optionAttrSetToDocList (option.type.getSubOptions option.loc)
      )
    ) (lib.collect lib.isOption options);
  optionAttrSetToDocList' = _: optionAttrSetToDocList;
  # A value as a reference shows it.
  renderOptionValue = value:
    if value ? _type && value ? text then
      value
    else
      lib.literalExpression (lib.generators.toPretty { allowPrettyValues = true; } value);
}
