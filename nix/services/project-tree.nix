# The project's tree as the code of a program: without `.hostenv`, so that what is only said there changes no code.
root: builtins.path {
  path = root;
  name = "project";
  filter = path: _: builtins.baseNameOf path != ".hostenv";
}
