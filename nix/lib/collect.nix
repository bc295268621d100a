# From what is written in `modules` and `imports` to the modules themselves: { _file; key; imports; options; config; … }.
lib:
let
  inherit (builtins) all attrNames concatMap elem filter genericClosure head isAttrs isList isString mapAttrs substring;
  inherit (lib) isFunction unknownModule;
  frame = [ "_class" "_file" "key" "disabledModules" "imports" "options" "config" "meta" "freeformType" ];
  # Of a module that has neither `options` nor `config`, all else is its configuration.
  shorthandFrame = [ "_class" "_file" "key" "disabledModules" "imports" "require" "freeformType" ];

  # A module as it is written, in the form that the rest of this library reads.
  unify = file: key: m:
    let
      explicit = m ? config || m ? options;
      stray = removeAttrs m frame;
      own = if explicit then m.config or { } else removeAttrs m shorthandFrame;
      also = lib.optional (explicit && m ? meta) { inherit (m) meta; }
        ++ lib.optional (m ? freeformType) { _module = { inherit (m) freeformType; }; };
    in
    if !isAttrs m then
      throw "module ${file} (${key}) does not look like a module."
    else if explicit && stray != { } then
      throw "Module `${key}' has an unsupported attribute `${head (attrNames stray)}'. This is caused by introducing a top-level `config' or `options' attribute. Add configuration attributes immediately on the top level instead, or move all of them (namely: ${toString (attrNames stray)}) into the explicit `config' attribute."
    else
      {
        _file = toString (m._file or file);
        _class = m._class or null;
        key = toString (m.key or key);
        disabledModules = m.disabledModules or [ ];
        imports = (if explicit then [ ] else m.require or [ ]) ++ m.imports or [ ];
        options = if explicit then m.options or { } else { };
        config = if also == [ ] then own else lib.mkMerge ([ own ] ++ also);
      };

  # Calls a module with the arguments that it names. Those that are not given come from the configuration, which may not be known
  # before all modules are: they stay unevaluated until they are used.
  call = arguments: key: m:
    let
      fromConfig = mapAttrs (
        name: _:
        builtins.addErrorContext "while evaluating the module argument `${name}' in \"${key}\":" (
          arguments.config._module.args.${name} or (throw "The module `${key}' takes an argument `${name}', which neither `specialArgs' nor `_module.args' gives.")
        )
      ) (removeAttrs (lib.functionArgs m) (attrNames arguments));
    in
    m (arguments // fromConfig);

  load = { class, arguments }: file: key: m:
    let
      again = load { inherit class arguments; } file key;
      path = toString m;
      loaded =
        if isFunction m then
          unify file key (call arguments key m)
        else if isList m then
          throw "Module imports can't be nested lists. Perhaps you meant to remove one level of lists? Definitions: ${lib.showDefs [ { inherit file; value = m; } ]}"
        else if !isAttrs m then
          let content = import m; in
          unify path path (if isFunction content then call arguments path content else content)
        else if elem (m._type or "module") [ "if" "override" ] then
          again { config = m; }
        else if m._type or "module" != "module" then
          throw "Expected a module, but found a value of type ${builtins.toJSON m._type}${
            lib.optionalString (file != unknownModule) ", while trying to load a module into ${file}"
          }${lib.optionalString (arguments._prefix or [ ] != [ ]) ", while trying to load a module into ${lib.showOption arguments._prefix}"}.${
            lib.optionalString (m._type == "configuration") "\nIf you really mean to import this configuration, instead please only import the modules that make up the configuration."
          }${lib.optionalString (m._type == "flake") "\nPerhaps you forgot to select one of its modules."}"
        else
          unify file key m;
    in
    if class == null || loaded._class == null || loaded._class == class then
      loaded
    else
      throw "The module `${loaded._file}` (class: ${builtins.toJSON loaded._class}) cannot be imported into a module evaluation that expects class ${builtins.toJSON class}.";

  # What `disabledModules` may hold: a path, a string below `modulesPath`, or a module with a key.
  disabledKey = modulesPath: file: m:
    if isString m then
      if substring 0 1 m == "/" then m else "${toString modulesPath}/${m}"
    else if m ? key && lib.isStringLike m && toString m != m.key then
      throw "Module `${file}` contains a disabledModules item that is an attribute set that can be converted to a string (${toString m}) but also has a `.key` attribute (${m.key}) with a different value. This makes it ambiguous which module should be disabled."
    else if lib.isConvertibleWithToString m then
      toString m
    else
      m.key or (throw "Module `${file}` contains a disabledModules item that is an attribute set, presumably a module, that does not have a `key` attribute. It must be a string path relative to modulesPath, a path value, or an attribute set with a `key` attribute.");
in
{
  # All modules once each, in the order in which they are found: those given, then what these import, and so on.
  collectModules = { class, arguments, modulesPath, modules }:
    let
      loadAll = file: key: lib.imap1 (n: load { inherit class arguments; } file "${key}:anon-${toString n}");
      start = loadAll unknownModule "" modules;
      closure = keep: genericClosure {
        startSet = filter keep start;
        operator = m: if m.imports == [ ] then [ ] else filter keep (loadAll m._file m.key m.imports);
      };
      found = closure (_: true);
      disabled = concatMap (m: map (disabledKey modulesPath m._file) m.disabledModules) found;
    in
    if disabled == [ ] then found else closure (m: !(elem m.key disabled));

  # Whether a module, and all that it imports, is the same whatever the arguments are.
  isConstantModule =
    let
      constant = m:
        isAttrs m
        && !(m ? __functor || m ? _type || m ? _class || m ? key || m ? disabledModules)
        && all constant (m.imports or [ ] ++ m.require or [ ]);
    in
    constant;

  # A module that is known by a file where it does not say one itself.
  setDefaultModuleLocation = file: m: { _file = file; imports = [ m ]; };
  importApply = file: argument: { _file = file; imports = [ (import file argument) ]; };
}
