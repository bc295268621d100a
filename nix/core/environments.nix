# `environments`: which environments the project has, who may use them and how a deployment to each is verified.
{ config, lib, site, ... }:
let
  inherit (lib) mkOption types;
  names = import ../lib/names.nix;

  user = import ./user.nix { inherit lib; };
  everywhere = config.allEnvironments.users;

  virtualHost = import ./virtual-hosts.nix { inherit lib; };

  # What does not depend on the environment is a plain set: it is read once, however many environments there are.
  environment = types.submodule [
    {
      options = {
        enable = mkOption { type = types.bool; default = true; description = "Whether the environment can be deployed to."; };
        type = mkOption {
          type = types.enum [ "production" "testing" "development" ];
          default = "development";
          description = "What the environment is for; at most one is `production`.";
        };
        users = mkOption { type = types.attrsOf user; default = { }; description = "Who may use the environment; where nothing is said, `allEnvironments.users`."; };
        protected = mkOption { type = types.bool; default = false; description = "Whether only maintainers deploy here."; };
        virtualHosts = mkOption {
          type = types.attrsOf virtualHost;
          default = { };
          example = { "example.org".globalRedirect = "www.example.org"; "www.example.org" = { }; };
          description = "Host names and what the front door does for each; names besides `hostenv.hostname` need the operator's grant.";
        };
        deploymentVerification = mkOption { type = import ./verification.nix { inherit lib; }; default = { }; description = "How a deployment is checked."; };
        releaseTags = mkOption {
          type = types.nullOr types.str;
          default = null;
          example = "v*";
          description = "Pattern of the tags whose push releases their commit here; `*` stands for any characters.";
        };
        requires = mkOption {
          type = types.nullOr types.str;
          default = null;
          example = "staging";
          description = "Key of the environment in which a commit must have been live before a tag releases it here.";
        };
        modules = mkOption { type = types.listOf types.raw; default = [ ]; description = "Modules that only this environment has."; };
        renamed = mkOption { type = types.raw; internal = true; readOnly = true; description = "Files that still use older names of options."; };
        hostenv = import ./fact-options.nix { fact = description: mkOption { type = types.str; inherit description; }; };
      };
    }
    # The older name of the option.
    (lib.mkAliasOptionModule [ "hosts" ] [ "virtualHosts" ])
    (
      { name, config, options, ... }:
      let
        facts = names.environmentFacts site name config.hostenv.gitRef;
      in
      {
        config = {
          hostenv = builtins.mapAttrs (fact: value: lib.mkDefault (if fact == "gitRef" then name else value)) facts;
          renamed = lib.optionals options.hosts.isDefined options.hosts.files;
          # An environment that names its own users has those and no others.
          users = lib.mkDefault everywhere;
        };
      }
    )
  ];

  keys = builtins.attrNames config.environments;
  production = builtins.filter (key: config.environments.${key}.type == "production") keys;
  unrun = builtins.filter (key: config.environments.${key}.deploymentVerification.checks != [ ]) keys;
  quoted = lib.concatMapStringsSep ", " (key: "`${key}'");
  isRefName = key:
    builtins.stringLength key <= 244
    && builtins.match "[^][:cntrl:][:space:]~^:?*\\[]+" key != null
    && builtins.match "(.*/)?[-.].*|.*(\\.\\.|//|@[{]|\\.lock/).*|/.*|.*(/|\\.|\\.lock)|@|HEAD" key == null;
  strange = builtins.filter (key: !(isRefName key)) keys;
in
{
  options = {
    environments = mkOption {
      type = types.attrsOf environment;
      # Whether search engines may list a host follows from its environment, unless it says so itself.
      apply = builtins.mapAttrs (
        _: e:
        let indexing = h: if h.allowIndexing == null then e.type == "production" else h.allowIndexing; in
        e // { virtualHosts = builtins.mapAttrs (_: h: h // { allowIndexing = indexing h; }) e.virtualHosts; }
      );
      default = { };
      example = { main.type = "production"; "feature/foo" = { }; };
      description = "The environments of the project, by key; the key is the branch unless `hostenv.gitRef` says otherwise.";
    };
    allEnvironments.users = mkOption {
      type = types.attrsOf user;
      default = { };
      description = "Who may use the environments that name no users of their own.";
    };
    defaultEnvironment = mkOption {
      type = types.nullOr types.str;
      default =
        if production != [ ] then builtins.head production else if config.environments ? main then "main" else null;
      description = "Key of the environment meant where none is named.";
    };
    deprecations = mkOption { type = types.raw; internal = true; readOnly = true; description = "Older names in use: { text; files; }."; };
    policyErrors = mkOption { type = types.listOf types.str; internal = true; description = "What is wrong with the environments as a whole."; };
  };
  config.deprecations = map (key: {
    text = "option `environments.${builtins.toJSON key}.hosts' is called `virtualHosts' now: rename it, nothing else changes";
    files = config.environments.${key}.renamed;
  }) (builtins.filter (key: config.environments.${key}.renamed != [ ]) keys);
  config.warnings = lib.optional (unrun != [ ])
    "option `environments.*.deploymentVerification.checks' (of ${quoted unrun}): these checks are not run here; the receiver itself asks for `deploymentVerification.path'";
  config.policyErrors =
    lib.optional (builtins.length production > 1) "option `environments': at most one environment may be of type `production', but ${quoted production} are"
    ++ lib.optional (strange != [ ]) "option `environments': ${lib.concatMapStringsSep ", " builtins.toJSON strange} cannot be the name of a branch"
    ++ lib.optional (
      config.defaultEnvironment != null && !(config.environments ? ${config.defaultEnvironment})
    ) "option `defaultEnvironment': there is no environment `${config.defaultEnvironment}'";
}
