{
  description = "A project that is deployed with hostenv";

  # A receiver puts its own in the place of this one: the record of the operator, and the library.
  inputs.site = { url = "path:./site"; flake = false; };

  outputs = inputs: (import inputs.site).library.mkProject {
    inherit inputs;
    modules = [ ./hostenv.nix ];
  };
}
