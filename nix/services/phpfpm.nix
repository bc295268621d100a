# `services.phpfpm`: PHP's process manager, one process per pool, each on a socket in the runtime directory.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.phpfpm;
  runtimeFile = import ./runtime-file.nix { inherit lib; };
  setting = types.oneOf [ types.str types.int types.bool ];
  value = v: if v == true then "yes" else if v == false then "no" else toString v;
  directives = set: lib.concatStrings (lib.mapAttrsToList (name: v: "${name} = ${value v}\n") set);
  versioned = version: "php${builtins.replaceStrings [ "." ] [ "" ] version}";

  # What pools take from the service unless they say otherwise.
  shared = of: {
    phpVersion = mkOption {
      type = types.str;
      default = of.phpVersion or "";
      example = "8.3";
      description = "Version of PHP, which must be among the packages (`pkgs.php83`); empty for `phpPackage`.";
    };
    phpPackage = mkOption { type = types.package; default = of.phpPackage or pkgs.php; description = "The PHP to run where `phpVersion` is empty."; };
    extensions = mkOption {
      type = types.listOf types.str;
      default = of.extensions or [ ];
      example = [ "apcu" "redis" ];
      description = "Extensions that must be there beside those that PHP has enabled by default.";
    };
    disableExtensions = mkOption { type = types.listOf types.str; default = of.disableExtensions or [ ]; description = "Extensions to leave out."; };
    phpOptions = mkOption {
      type = types.lines;
      default = "";
      example = "memory_limit = 256M";
      description = "Lines of php.ini.";
    };
  };

  pool = types.submodule (
    { name, config, ... }:
    {
      options = shared cfg // {
        socket = mkOption {
          type = types.str;
          readOnly = true;
          default = "$HOSTENV_RUNTIME_DIR/phpfpm-${name}.sock";
          description = "Socket that takes FastCGI requests.";
        };
        settings = mkOption {
          type = types.attrsOf setting;
          default = { };
          example = { "pm.max_children" = 16; };
          description = "Further directives of the pool (https://www.php.net/manual/en/install.fpm.configuration.php).";
        };
        phpEnv = mkOption { type = types.attrsOf types.str; default = { }; description = "Variables that programs find in `$_ENV`."; };
        after = mkOption { type = types.listOf types.str; default = [ ]; description = "Processes that must be ready first, such as the database."; };
        package = mkOption {
          type = types.package;
          readOnly = true;
          description = "The PHP of this pool with its extensions, for command lines that must be the same as the pool.";
        };
      };
      config.package =
        let
          base = if config.phpVersion == "" then config.phpPackage else pkgs.${versioned config.phpVersion};
          # One that is enabled anyway is not loaded twice.
          asked = { all, enabled }:
            builtins.filter (e: !(builtins.elem e.extensionName (config.disableExtensions ++ config.extensions))) enabled
            ++ map (
              n: all.${n} or (throw "option `services.phpfpm.pools.${name}.extensions': PHP has no extension `${n}'")
            ) config.extensions;
        in
        if config.extensions == [ ] && config.disableExtensions == [ ] then base else base.withExtensions asked;
    }
  );

  process = name: p:
    let
      directory = "$HOSTENV_RUNTIME_DIR/conf";
      ini = runtimeFile "phpfpm-${name}.ini" ''
        ; What PHP says goes where the process's own words go, not to nginx.
        log_errors = on
        display_errors = off
        fastcgi.logging = 0
        expose_php = off
        sys_temp_dir = $HOSTENV_CACHE_DIR/php-${name}
        upload_tmp_dir = $HOSTENV_CACHE_DIR/php-${name}
        session.save_path = $HOSTENV_STATE_DIR/php-${name}
        ${cfg.phpOptions}
        ${p.phpOptions}
      '';
      defaults = {
        # Most environments have nothing to do most of the time.
        pm = "ondemand";
        "pm.max_children" = 16;
        "pm.process_idle_timeout" = "60s";
        "pm.max_requests" = 500;
        catch_workers_output = true;
        decorate_workers_output = false;
        # The HOSTENV_ and XDG_ variables are how a program learns where it is.
        clear_env = false;
      };
      conf = runtimeFile "phpfpm-${name}.conf" ''
        [global]
        ; Opened in any case, and not written to with --force-stderr.
        error_log = /dev/null
        ${directives cfg.settings}
        [${name}]
        listen = ${p.socket}
        ${directives (defaults // p.settings)}${lib.concatStrings (lib.mapAttrsToList (n: v: "env[${n}] = \"${v}\"\n") p.phpEnv)}
      '';
    in
    {
      command = [ (lib.getExe' p.package "php-fpm") "--nodaemonize" "--force-stderr" "--fpm-config" conf.path "-c" ini.path ];
      directories = [ directory "$HOSTENV_CACHE_DIR/php-${name}" "$HOSTENV_STATE_DIR/php-${name}" ];
      preStart = ini.write + conf.write;
      listen.socket = p.socket;
      inherit (p) after;
      stopSignal = "QUIT";
      stopTimeout = 10;
    };
in
{
  options.services.phpfpm = shared { } // {
    settings = mkOption { type = types.attrsOf setting; default = { }; description = "Directives of the section `[global]`."; };
    pools = mkOption {
      type = types.attrsOf pool;
      default = { };
      example = { app.settings."pm.max_children" = 8; };
      description = "Pools by name: letters, digits, `-` and `_`. Each is a process `phpfpm-<name>`.";
    };
  };
  config = lib.mkIf (cfg.pools != { }) {
    processes = lib.mapAttrs' (name: p: lib.nameValuePair "phpfpm-${name}" (process name p)) cfg.pools;
    assertions = lib.mapAttrsToList (name: p: {
      # nixpkgs' PHP always has it; on Debian it is a package of its own.
      assertion = p.package.hasFpm or true;
      message = "option `services.phpfpm.pools.${name}': this host has PHP without `php-fpm'; its operator can install it, or provide nixpkgs";
    }) cfg.pools;
  };
}
