# systemd's `timerConfig`, as far as a process's `schedule` can say it.
{ lib }:
let
  understood = [ "OnCalendar" ];
in
{
  type = lib.types.attrsOf (lib.types.oneOf [ lib.types.str lib.types.int lib.types.bool (lib.types.listOf lib.types.str) ]);
  # Null where there is none.
  schedule = timerConfig: if timerConfig == null then null else builtins.head (lib.toList (timerConfig.OnCalendar or null));
  assertion = option: timerConfig: {
    assertion = timerConfig == null || builtins.isString (timerConfig.OnCalendar or null) || builtins.length (timerConfig.OnCalendar or [ ]) == 1;
    message = "option `${option}': needs `OnCalendar', and only one";
  };
  warnings = option: timerConfig:
    map (name: "option `${option}.${name}' has no effect: only OnCalendar is understood") (
      builtins.filter (name: !(builtins.elem name understood)) (builtins.attrNames (if timerConfig == null then { } else timerConfig))
    );
}
