# Source trees without what does not belong to them, with nixpkgs' signatures.
lib:
let
  inherit (lib) hasPrefix hasSuffix;
in
rec {
  # `src` is a folder, or a source of which something was left out already.
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
}
