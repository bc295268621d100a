# Functions about packages and their source trees, with nixpkgs' signatures.
lib:
let
  inherit (lib) hasPrefix hasSuffix;
in
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

  # Sources: a folder, or one of which something was left out already.
  cleanSourceWith = { src, filter ? _: _: true, name ? null }:
    let
      origSrc = src.origSrc or src;
      both = path: type: filter path type && (src.filter or (_: _: true)) path type;
      called = if name != null then name else if src ? _isLibCleanSourceWith then src.name else "source";
    in
    {
      _isLibCleanSourceWith = true;
      inherit origSrc;
      filter = both;
      name = called;
      outPath = builtins.path { path = origSrc; filter = both; name = called; };
    };
  cleanSource = src: cleanSourceWith { inherit src; filter = cleanSourceFilter; };
  # Without version control, editors' leftovers, object files and links to results.
  cleanSourceFilter = path: type:
    let name = baseNameOf path; in
    !(
      name == ".git"
      || (type == "directory" && builtins.elem name [ ".svn" "CVS" ".hg" ".jj" ".pijul" "_darcs" ])
      || builtins.any (suffix: hasSuffix suffix name) [ "~" ".o" ".so" ]
      || builtins.match "\\.sw[a-z]|\\..*\\.sw[a-z]" name != null
      || (type == "symlink" && hasPrefix "result" name)
      || type == "unknown"
    );
  sourceByRegex = src: patterns:
    let top = toString (src.origSrc or src) + "/"; in
    cleanSourceWith {
      inherit src;
      filter = path: _: builtins.any (pattern: builtins.match pattern (lib.removePrefix top (toString path)) != null) patterns;
    };
  sourceFilesBySuffices = src: suffixes:
    cleanSourceWith {
      inherit src;
      filter = path: type: type == "directory" || builtins.any (suffix: hasSuffix suffix (baseNameOf path)) suffixes;
    };
  inherit (builtins) filterSource;

  pathType = path:
    builtins.readFileType or (
      path: (builtins.readDir (dirOf path)).${baseNameOf path} or "unknown"
    ) path;
  pathIsDirectory = path: builtins.pathExists path && pathType path == "directory";
  pathIsRegularFile = path: builtins.pathExists path && pathType path == "regular";
}
