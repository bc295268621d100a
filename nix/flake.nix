{
  description = "hostenv: modules that turn a project into one activatable package per environment";
  outputs = _: { lib = import ./.; };
}
