# Declaring options and speaking about them in messages.
lib: {
  mkOption = attrs: attrs // { _type = "option"; };
  isOption = x: (x._type or null) == "option";
  mkEnableOption = what:
    lib.mkOption {
      type = lib.types.bool;
      default = false;
      example = true;
      description = "Whether to enable ${what}.";
    };
  literalExpression = text: {
    _type = "literalExpression";
    inherit text;
  };
  isType = name: x: (x._type or null) == name;
  showOption = path:
    builtins.concatStringsSep "." (
      map (part: if builtins.match "[a-zA-Z_][a-zA-Z0-9_'-]*|<.*>|[*]" part != null then part else builtins.toJSON part) path
    );
  showFiles = files: lib.concatMapStringsSep " and " (file: "`${toString file}'") files;
  showDefs = defs: lib.concatMapStrings (def: "\n- In `${toString def.file}'${lib.showValue def.value}") defs;
  # A value for a message: short, and never an error of its own.
  showValue = value:
    let
      shown = builtins.tryEval (
        if builtins.isFunction value then
          "<function>"
        else if lib.isDerivation value then
          "<derivation>"
        else if builtins.isAttrs value then
          "{ ${builtins.concatStringsSep "; " (builtins.attrNames value)} }"
        else if builtins.isList value then
          "[ ${toString (builtins.length value)} elements ]"
        else if builtins.isPath value then
          toString value
        else
          builtins.toJSON value
      );
    in
    if shown.success then ": ${builtins.substring 0 200 (builtins.unsafeDiscardStringContext shown.value)}" else "";
}
