# What is at a path.
_:
rec {
  inherit (builtins) baseNameOf dirOf hashFile isPath readDir;
  pathType = path:
    builtins.readFileType or (
      path: (builtins.readDir (dirOf path)).${baseNameOf path} or "unknown"
    ) path;
  pathIsDirectory = path: builtins.pathExists path && pathType path == "directory";
  pathIsRegularFile = path: builtins.pathExists path && pathType path == "regular";
}
