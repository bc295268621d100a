# What the project gets where no receiver gives it the library.
{
  library = throw ''
    push this project to a receiver, which provides the library, or name a checkout of hostenv:
      nix flake check ./.hostenv --override-input site path:/PATH/TO/hostenv/nix'';
}
