# What each manager cannot hold an environment to, as warnings that name the option.
let
  set = names: resources: builtins.filter (name: resources.${name} != null) names;
  sentence = option: "option `${option}' has no effect on this host: s6 limits the memory of each process and nothing else";
in
{
  systemd = _: [ ];
  s6 = config:
    builtins.concatMap (
      name: map (limit: sentence "processes.${name}.resources.${limit}") (set [ "cpu" "tasks" ] config.processes.${name}.resources)
    ) (builtins.attrNames config.processes)
    ++ map (limit: sentence "resources.${limit}") (set [ "memory" "cpu" "tasks" ] config.resources);
}
