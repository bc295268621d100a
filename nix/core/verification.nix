# The type of `environments.<key>.deploymentVerification`: how a deployment is checked. `enforce` and `checks` are as in the public
# hostenv project; of `checks` only the type is known here (./environments.nix warns where there are any).
{ lib }:
let
  inherit (lib) mkOption types;
  option = type: default: description: mkOption { inherit type default description; };

  request = types.submodule {
    options = {
      virtualHost = mkOption { type = types.str; description = "Host name that is asked for."; };
      path = option types.str "/" "Path that is asked for.";
      method = option types.str "GET" "Method of the request.";
      targetHostSource = option (types.enum [ "nodeConnectionHost" ]) "nodeConnectionHost" "Where the address of the host comes from.";
      followRedirects = option types.bool false "Whether redirects are followed.";
      maxRedirects = option types.int 5 "How many of them.";
      timeoutSeconds = option types.int 15 "Seconds until the answer.";
      tlsMode = option (types.enum [ "strict" "insecure" ]) "strict" "Whether the certificate must be valid.";
    };
  };
  constraint = types.submodule {
    options = {
      rule = mkOption {
        type = types.enum [
          "allowNonZeroExitStatus" "skipStdoutRegexOnRedirect" "stdoutRegexMustMatch" "stderrRegexMustNotMatch" "minHttpStatus" "maxHttpStatus"
        ];
        description = "What is compared.";
      };
      value = mkOption { type = types.oneOf [ types.bool types.int types.str ]; description = "With what."; };
    };
  };
  check = types.submodule {
    options = {
      name = option types.str "verification-check" "What people call the check.";
      type = option (types.enum [ "httpHostHeaderCurl" ]) "httpHostHeaderCurl" "Kind of the check.";
      request = option request { } "The request.";
      constraints = option (types.listOf constraint) [ ] "What must hold of the answer.";
    };
  };
in
types.submodule {
  options = {
    enable = option types.bool true "Whether a deployment is checked before it counts as live.";
    enforce = option types.bool true "Whether a check that fails refuses the deployment; else the push only reads a warning. Ports are refused in any case.";
    path = option (types.strMatching "/[^[:space:]]*") "/" "Path that must answer below 500.";
    timeout = option (types.ints.between 1 600) 30 "Seconds until the first such answer.";
    upFor = option (types.ints.between 0 600) 2 "Seconds that each process must stay up.";
    checks = option (types.listOf check) [ ] "Checks of the public hostenv project, from outside with curl. They are accepted and not run: a push warns of it. Use `path`.";
  };
}
