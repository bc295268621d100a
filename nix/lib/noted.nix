# The pushed commit's id, told to the receiver when somebody reads it: what is built may then depend on it.
builtins.trace "hostenv-revision-read"
