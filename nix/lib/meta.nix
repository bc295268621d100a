# Functions about packages, with nixpkgs' signatures.
lib:
rec {
  # The path of a package's main program.
  getExe = package:
    getExe' package (
      package.meta.mainProgram or (lib.warn "getExe: Package ${
        lib.escapeNixIdentifier (package.meta.name or package.pname or package.name)
      } does not have the meta.mainProgram attribute. We'll assume that the main program has the same name for now; use getExe' to name it." (lib.getName package))
    );
  getExe' = package: program:
    assert lib.assertMsg (lib.isDerivation package) "lib.meta.getExe': The first argument is of type ${builtins.typeOf package}, but it should be a derivation instead.";
    assert lib.assertMsg (builtins.isString program) "lib.meta.getExe': The second argument is of type ${builtins.typeOf program}, but it should be a string instead.";
    assert lib.assertMsg (builtins.match ".*/.*" program == null) "lib.meta.getExe': The second argument \"${program}\" is a nested path with a \"/\" character, but it should just be the name of the executable instead.";
    "${lib.getBin package}/bin/${program}";
  addMetaAttrs = more: package: package // { meta = package.meta or { } // more; };
  setName = name: package: package // { inherit name; };
}
