# Every option of the library, as scripts/options-reference.ts takes them: a list of { name; type; default; example; … }.
let
  lib = import ../nix/lib;
  root = toString ../nix + "/";
  system = "x86_64-linux";
  site = {
    inherit system;
    organisation = "acme";
    project = "shop";
    domain = "localhost";
    runtimeRoot = "/run/hostenv";
    stateRoot = "/var/lib/hostenv";
    packages = null;
    manager = "s6";
    hostPrograms = { };
  };
  # A package that is a default is told by its name.
  named = name: { _type = "literalExpression"; text = "pkgs.${name}"; type = "derivation"; inherit name; outPath = "pkgs.${name}"; };
  pkgs = import ../nix/pkgs { inherit site lib; };
  builders = import ../nix/pkgs/builders.nix { inherit site lib; };
  tree = lib.evalModules {
    specialArgs.pkgs = builtins.mapAttrs (name: _: named name) pkgs // builders;
    modules = [ ../nix/core { _module.args = { inherit site; revision = null; preview = null; }; } ];
  };
  text = value: if value == null then null else value.text or (throw "no text");
in
map (option: {
  inherit (option) name type readOnly;
  description = option.description or "";
  default = text (option.default or null);
  example = text (option.example or null);
  declarations = map (file: lib.removePrefix root (toString file)) option.declarations;
}) (builtins.filter (option: option.visible && !option.internal && builtins.head option.loc != "_module") (lib.optionAttrSetToDocList tree.options))
