# Modules for options that were renamed, changed or removed: what is defined for the old one still counts, or says what to do.
lib:
let
  inherit (builtins) any filter foldl' map;
  inherit (lib) attrByPath getAttrFromPath mkIf mkMerge mkOption optional setAttrByPath showFiles showOption types;
in
rec {
  # Messages become the `warnings` and `assertions` of the configuration, where it has these options.
  mkRemovedOptionModule = path: instructions: { options, ... }:
    let old = getAttrFromPath path options; in
    {
      options = setAttrByPath path (mkOption {
        visible = false;
        apply = _: throw "The option `${showOption path}' can no longer be used since it's been removed. ${instructions}";
      });
      config.assertions = [
        {
          assertion = !old.isDefined;
          message = "The option definition `${showOption path}' in ${showFiles old.files} no longer has any effect; please remove it.\n${instructions}\n";
        }
      ];
    };

  mkRenamedOptionModule = from: to:
    doRename {
      inherit from to;
      visible = false;
      warn = true;
      use = builtins.trace "Obsolete option `${showOption from}' is used. It was renamed to `${showOption to}'.";
    };
  # nixpkgs warns from a release of its own on; here there is no such release, so it always warns.
  mkRenamedOptionModuleWith = { from, to, sinceRelease }: mkRenamedOptionModule from to;
  # Another name for an option that keeps both.
  mkAliasOptionModule = from: to: doRename { inherit from to; visible = true; warn = false; use = x: x; };

  doRename = { from, to, visible, warn, use, withPriority ? true, condition ? true }: { config, options, ... }:
    let
      old = getAttrFromPath from options;
      alias = if withPriority then lib.mkAliasAndWrapDefsWithPriority else lib.mkAliasAndWrapDefinitions;
    in
    {
      options = setAttrByPath from (mkOption {
        inherit visible;
        description = "Alias of {option}`${showOption to}`.";
        type = (attrByPath to { } options).type or (types.submodule { });
        apply = _: use (attrByPath to (abort "Renaming error: option `${showOption to}' does not exist.") config);
      });
      config = mkIf condition (mkMerge [
        (lib.optionalAttrs (options ? warnings) {
          warnings = optional (warn && old.isDefined) "The option `${showOption from}' defined in ${showFiles old.files} has been renamed to `${showOption to}'.";
        })
        (alias (setAttrByPath to) old)
      ]);
    };

  # Several old options, or one, that `f config` makes the value of a new one of.
  mkChangedOptionModule = from: mkMergedOptionModule [ from ];
  mkMergedOptionModule = from: to: f: { config, options, ... }:
    let
      unset = "_mkMergedOptionModule";
      isSet = path: getAttrFromPath path config != unset;
      told = path:
        "The option `${showOption path}' defined in ${showFiles (getAttrFromPath path options).files} has been changed to `${showOption to}' that has a different type. Please read `${showOption to}' documentation and update your configuration accordingly.";
    in
    {
      options = foldl' lib.recursiveUpdate { } (map (path: setAttrByPath path (mkOption { visible = false; default = unset; })) from);
      config = { warnings = map told (filter isSet from); } // setAttrByPath to (mkMerge (optional (any isSet from) (f config)));
    };
}
