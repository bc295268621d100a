# The options a project can set, and the one package that they become.
{
  imports = [
    ../services
    ./environments.nix
    ./previews.nix
    ./facts.nix
    ./processes.nix
    ./runs.nix
    ./activate.nix
    ./build-reference.nix
    ./messages.nix
    ./constraints.nix
  ];
}
