# `buildReference`: a name for this build, such as its commit. Nothing else in the package speaks of the commit, so that the same
# tree is the same package: whoever sets this has one for each commit.
{ config, lib, ... }:
{
  options.buildReference = lib.mkOption {
    type = lib.types.nullOr lib.types.singleLineStr;
    default = null;
    example = lib.literalExpression "revision";
    description = ''
      What names this build: the pushed commit (`revision`, an argument of every module, or `inputs.self.rev` of a flake), a
      number, a version. It is a file `$HOSTENV_STATE_DIR/build-reference` at run time, and a Drupal site answers it at
      `/build-ref.txt`. With the commit in it every commit has a package of its own, and the push says so; the variable
      `HOSTENV_REVISION` in `activate`, and `$HOSTENV_STATE_DIR/release.json`, say the commit without that.
    '';
  };
  config.activate = lib.mkIf (config.buildReference != null) (
    lib.mkBefore "printf '%s\\n' ${lib.escapeShellArg config.buildReference} >\"$HOSTENV_STATE_DIR/build-reference\""
  );
}
