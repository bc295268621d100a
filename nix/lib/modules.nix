# evalModules: modules in, `{ config; options; }` out. Same argument and result names as nixpkgs; `freeformType`,
# `disabledModules` and merging of option types are not here yet.
lib:
let
  ownKeys = [ "_class" "_file" "key" "imports" "options" "config" "meta" ];

  evalModules =
    {
      modules,
      specialArgs ? { },
      prefix ? [ ],
      class ? null,
    }:
    let
      collected = collect base config (modules ++ [ internal ]);
      base = specialArgs // { inherit lib config options; specialArgs = specialArgs; };
      merged = mergeLevel prefix (map (m: { inherit (m) _file; value = m.options; }) collected) (
        builtins.concatMap (m: map (value: { file = m._file; inherit value; }) (lib.pushDownProperties m.config)) collected
      );
      options = merged.options;
      config = valuesOf options;
      checked =
        if config._module.check && merged.unmatched != [ ] then throw (unknownOption prefix options merged.unmatched) else x: x;
    in
    {
      _type = "configuration";
      inherit options class;
      config = checked (removeAttrs config [ "_module" ]);
      _module = config._module;
    };

  internal = {
    _file = "<the module system>";
    options._module = {
      args = lib.mkOption {
        type = lib.types.lazyAttrsOf lib.types.raw;
        default = { };
        description = "Further arguments for every module.";
      };
      check = lib.mkOption {
        type = lib.types.bool;
        default = true;
        description = "Whether a definition of an undeclared option is an error.";
      };
    };
  };

  # Every module and what it imports, once each, as { _file; key; imports; options; config; }: the last one first and imports
  # before what imports them, as in nixpkgs. Paths are known by their name, anything else is different from every other.
  collect = base: config: modules:
    let
      load = parent: file: index: m:
        if builtins.isPath m || builtins.isString m then
          let path = builtins.unsafeDiscardStringContext (toString m); in
          unify path path (call base config path (import m))
        else
          unify "${parent}:${toString index}" file (call base config file m);
    in
    lib.reverseList (
      builtins.genericClosure {
        startSet = lib.imap1 (load "" "<unknown-file>") modules;
        operator = m: lib.imap1 (load m.key m._file) m.imports;
      }
    );

  call = base: config: file: m:
    if lib.isFunction m then
      let
        wanted = m.__functionArgs or (builtins.functionArgs m);
        given = builtins.mapAttrs (
          name: _:
          builtins.addErrorContext "while evaluating the module argument `${name}' in `${file}':" (
            base.${name} or config._module.args.${name}
          )
        ) wanted;
      in
      m (base // given)
    else
      m;

  unify = key: file: m:
    let
      _file = toString (m._file or file);
      stray = builtins.attrNames (removeAttrs m ownKeys);
    in
    if !builtins.isAttrs m then
      throw "Module `${file}' does not look like a module: it is not an attribute set or a function that answers one."
    else if m ? _type && builtins.isString m._type then
      throw "Expected a module in `${file}', but found a value of type ${builtins.toJSON m._type}; put it under `config'."
    else if (m ? config || m ? options) && stray != [ ] then
      throw "Module `${_file}' has an unsupported attribute `${builtins.head stray}'. This is caused by introducing a top-level `config' or `options' attribute. Add configuration attributes immediately on the top level instead, or move all of them into the explicit `config' attribute."
    else
      {
        inherit _file;
        key = toString (m.key or key);
        imports = m.imports or [ ];
        options = m.options or { };
        config = if m ? config || m ? options then m.config or { } else removeAttrs m ownKeys;
      };

  # One level of the option tree: decls [{ _file; value; }], defs [{ file; value; }], all values plain sets here.
  mergeLevel = loc: decls: defs:
    let
      declared = builtins.zipAttrsWith (_: xs: xs) (
        map (d: builtins.mapAttrs (_: value: { inherit (d) _file; inherit value; }) d.value) decls
      );
      level = builtins.mapAttrs (
        name: ds:
        let
          here = loc ++ [ name ];
          mine = builtins.concatMap (
            def:
            if !builtins.isAttrs def.value then
              throw "The option `${lib.showOption loc}' in `${toString def.file}' is a set of options, but is given${lib.showValue def.value}"
            else
              lib.optional (def.value ? ${name}) { inherit (def) file; value = def.value.${name}; }
          ) defs;
          asOptions = builtins.filter (d: lib.isOption d.value) ds;
        in
        if asOptions == [ ] then
          mergeLevel here ds (
            builtins.concatMap (def: map (value: { inherit (def) file; inherit value; }) (lib.pushDownProperties def.value)) mine
          )
        else if builtins.length asOptions != builtins.length ds then
          throw "The option `${lib.showOption here}' is declared both as an option and as a set of options, in ${lib.showFiles (map (d: d._file) ds)}."
        else
          {
            options = lib.evalOptionValue here (map (d: { inherit (d) _file; option = d.value; }) ds) mine;
            unmatched = [ ];
          }
      ) declared;
      stray = builtins.concatMap (
        def: map (name: { loc = loc ++ [ name ]; inherit (def) file; value = def.value.${name}; }) (
          builtins.filter (name: !(declared ? ${name})) (builtins.attrNames def.value)
        )
      ) defs;
    in
    {
      options = builtins.mapAttrs (_: l: l.options) level;
      unmatched = stray ++ builtins.concatMap (l: l.unmatched) (builtins.attrValues level);
    };

  valuesOf = builtins.mapAttrs (_: o: if lib.isOption o then o.value else valuesOf o);

  unknownOption = prefix: options: unmatched:
    let
      first = builtins.head unmatched;
      parent = lib.init first.loc;
      level = lib.attrByPath (lib.drop (builtins.length prefix) parent) { } options;
      known = builtins.filter (name: name != "_module") (builtins.attrNames level);
    in
    "The option `${lib.showOption first.loc}' does not exist. Definition values:${lib.showDefs [ first ]}"
    + lib.optionalString (known != [ ]) "\nKnown here: ${builtins.concatStringsSep ", " known}";
in
{
  inherit evalModules;
}
