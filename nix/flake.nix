{
  description = "hostenv: modules that turn a project into one activatable package per environment";

  outputs = { self }: {
    lib = import ./.;
    templates = {
      project = { path = ./templates/project; description = "A project with a flake of its own"; };
      provider = { path = ./templates/provider; description = "The configuration of a receiver"; };
      default = self.templates.project;
    };
  };
}
