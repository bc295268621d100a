# `services.drupal`: a Drupal site (7 and later) behind nginx and PHP-FPM, with MariaDB, its cron and its backups.
#
# Drupal wants its files below its own code, so the code is built for one environment: its package is not shared with others.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption mkEnableOption types;
  cfg = config.services.drupal;
  inherit (cfg.codebase) name;
  mysql = config.services.mysql;
  pool = config.services.phpfpm.pools.${name};
  timer = import ./timer.nix { inherit lib; };
  php = import ./php-site.nix;
  dump = import ./mysql-dump.nix { inherit lib; };
  dumpFile = "$HOSTENV_STATE_DIR/backup/${name}.sql";
  quoted = text: "'${builtins.replaceStrings [ "\\" "'" ] [ "\\\\" "\\'" ] text}'";
  drush = arguments: [ (lib.getExe' pool.package "php") "${code}/vendor/bin/drush" "--root=${code}/web" ] ++ arguments;

  settings = pkgs.writeText "settings.hostenv.php" ''
    <?php
    error_reporting(${cfg.settings.errorReporting});
    // Nobody outside of the environment reaches the socket, so there is no password.
    $databases['default']['default'] = [
      'driver' => 'mysql', 'database' => ${quoted cfg.databaseName}, 'username' => 'drupal', 'password' => "", 'prefix' => "",
      'unix_socket' => getenv('HOSTENV_RUNTIME_DIR') . '/mysql.sock', 'host' => 'localhost',
      'init_commands' => ['isolation_level' => 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED'],
    ];
    $settings['file_private_path'] = ${quoted cfg.privateFilesDir};
    $settings['file_temp_path'] = getenv('HOSTENV_CACHE_DIR') . '/php-${name}';
    $settings['trusted_host_patterns'] = [${lib.concatMapStringsSep ", " quoted cfg.settings.trustedHostPatterns}];
    // Made at the first activation and kept; a site that has its own in settings.php keeps that.
    $settings['hash_salt'] = ($settings['hash_salt'] ?? "") ?: file_get_contents(getenv('HOSTENV_DATA_DIR') . '/drupal-hash-salt');
    // The front door is the only one that connects.
    $settings['reverse_proxy'] = TRUE;
    $settings['reverse_proxy_addresses'] = [$_SERVER['REMOTE_ADDR'] ?? '127.0.0.1'];
    ${cfg.settings.extraSettings}
  '';

  # web/ with the settings and the link to the files in it.
  code = pkgs.runCommand "drupal-${name}" { inherit (cfg) filesDir; root = "${cfg.root}"; inherit settings; } ''
    mkdir $out
    if [ -d "$root/web" ]; then cp -R "$root/." $out/; else mkdir $out/web; cp -R "$root/." $out/web/; fi
    chmod -R u+w $out
    site=$out/web/sites/default
    mkdir -p $site
    if [ ! -e $site/settings.php ]; then
      if [ -e $site/default.settings.php ]; then cp $site/default.settings.php $site/settings.php; else echo '<?php' > $site/settings.php; fi
    fi
    printf "\ninclude '%s';\n" "$settings" >> $site/settings.php
    # What the project brings is put into the files directory at activation.
    if [ -d $site/files ]; then mv $site/files $out/project_files; fi
    ln -s "$filesDir" $site/files
  '';
in
{
  options.services.drupal = {
    enable = mkEnableOption "Drupal, with nginx, PHP-FPM and MariaDB";
    root = mkOption { type = types.path; default = import ./project-tree.nix config.hostenv.root; defaultText = lib.literalExpression "config.hostenv.root"; description = "Code of the site with its `vendor`: of the project, or a package that composer built. `web` is what is published, or all of it where there is none."; };
    codebase.name = mkOption { type = types.strMatching "[a-zA-Z0-9_-]{1,40}"; default = "drupal"; description = "Name of the pool and of the server."; };
    phpVersion = mkOption { type = types.str; default = ""; example = "8.3"; description = "Version of PHP; empty for that of `pkgs.php`."; };
    phpExtensions = mkOption { type = types.listOf types.str; default = [ "pdo_mysql" ]; example = [ "apcu" "pdo_mysql" "redis" ]; description = "Extensions that must be there."; };
    phpOptions = mkOption { type = types.lines; default = ""; example = "memory_limit = 512M"; description = "Lines of php.ini."; };
    maxRequestSize = mkOption { type = types.str; default = "1G"; description = "Most that a request's body, and a file in it, may have."; };
    databaseName = mkOption { type = types.str; default = "drupal"; description = "Name of the database."; };
    filesDir = mkOption { type = types.str; default = "${config.hostenv.dataDir}/files"; defaultText = lib.literalExpression "\"\${config.hostenv.dataDir}/files\""; description = "Directory of public files."; };
    privateFilesDir = mkOption { type = types.str; default = "${config.hostenv.dataDir}/private_files"; defaultText = lib.literalExpression "\"\${config.hostenv.dataDir}/private_files\""; description = "Directory of private files."; };
    update.enable = mkOption { type = types.bool; default = true; description = "Whether `drush updatedb` runs when the code has changed and the site is installed."; };
    cron = {
      enable = mkOption { type = types.bool; default = true; description = "Whether Drupal's cron runs."; };
      timerConfig = mkOption {
        type = timer.type;
        default = { OnCalendar = "hourly"; };
        example = { OnCalendar = "*:0/15"; };
        description = "When, as in systemd.timer(5), of which only `OnCalendar` is understood.";
      };
    };
    backups.enable = mkEnableOption "daily backups of the database and the files (`services.restic.backups.drupal`)";
    settings = {
      trustedHostPatterns = mkOption { type = types.listOf types.str; default = [ "^.+$" ]; description = "Host names that Drupal answers to. The front door lets only the environment's own through."; };
      errorReporting = mkOption { type = types.str; default = "E_ALL & ~E_DEPRECATED & ~E_USER_DEPRECATED & ~E_NOTICE"; description = "What PHP reports, as PHP writes it."; };
      extraSettings = mkOption { type = types.lines; default = ""; example = "$settings['update_free_access'] = FALSE;"; description = "Further lines of settings.php."; };
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = lib.optional cfg.cron.enable (timer.assertion "services.drupal.cron.timerConfig" cfg.cron.timerConfig);
    warnings = lib.optionals cfg.cron.enable (timer.warnings "services.drupal.cron.timerConfig" cfg.cron.timerConfig);
    services.nginx.virtualHosts.${name} =
      let
        general = php.server { root = "${code}/web"; inherit (pool) socket; inherit (cfg) maxRequestSize; };
      in
      general // {
        locations = general.locations // lib.optionalAttrs (config.buildReference != null) {
          "= /build-ref.txt".return = lib.mkDefault "200 '${config.buildReference}'";
        } // {
          # Uploads are never run, styles of images are made when they are first asked for, and private files go through Drupal.
          "~ ^/sites/[^/]+/files/.*\\.php(/|$)" = { priority = 100; return = 404; };
          "~ ^/sites/[^/]+/files/" = { priority = 200; tryFiles = "$uri /index.php$is_args$args"; };
          "~ ^(/[a-z-]+)?/system/files/" = { priority = 200; tryFiles = "$uri /index.php$is_args$args"; };
          "~ (^|/)(vendor/.*\\.php|composer\\.(json|lock)|[^/]*\\.(engine|inc|install|module|profile|po|sh|sql|theme|twig|yml))$" = { priority = 300; return = 404; };
        };
      };
    services.phpfpm.pools.${name} = php.pool cfg "memory_limit = 512M" // { after = [ "mysql" ]; };
    services.mysql = {
      enable = true;
      ensureDatabases = [ cfg.databaseName ];
      ensureUsers = [ { name = "drupal"; ensurePermissions."`${cfg.databaseName}`.*" = "ALL PRIVILEGES"; } ];
    };
    services.restic.backups = lib.mkIf cfg.backups.enable {
      drupal = {
        backupPrepareCommand = dump { inherit mysql; database = cfg.databaseName; file = dumpFile; };
        paths = [ dumpFile cfg.filesDir cfg.privateFilesDir ];
        after = [ "mysql" ];
      };
    };
    processes = {
      nginx.after = [ "phpfpm-${name}" ];
      drupal-cron = lib.mkIf cfg.cron.enable {
        command = drush [ "core:cron" ];
        schedule = timer.schedule cfg.cron.timerConfig;
        after = [ "mysql" ];
        restart = "never";
      };
      # A process of the code: other code is another process, so it runs once for each.
      drupal-update = lib.mkIf cfg.update.enable {
        command = [ "${pkgs.writeShellScript "drupal-update" ''
          set -eu
          installed() {
            ${lib.getExe' mysql.package "mariadb"} --no-defaults --socket="${mysql.socket}" --skip-column-names \
              --execute="SELECT 1 FROM information_schema.tables WHERE table_schema = '${cfg.databaseName}' AND table_name = 'key_value'"
          }
          if [ -z "$(installed)" ]; then echo "Drupal is not installed yet: nothing to update"; exit 0; fi
          exec ${lib.escapeShellArgs (drush [ "updatedb" "--cache-clear" "--yes" ])}
        ''}" ];
        after = [ "mysql" ];
        restart = "never";
      };
    };
    activate = ''
      mkdir -p ${lib.escapeShellArgs [ cfg.filesDir cfg.privateFilesDir ]}
      [ -s "$HOSTENV_DATA_DIR/drupal-hash-salt" ] || {
        head -c 48 /dev/urandom | base64 > "$HOSTENV_DATA_DIR/drupal-hash-salt.new"
        mv "$HOSTENV_DATA_DIR/drupal-hash-salt.new" "$HOSTENV_DATA_DIR/drupal-hash-salt"
      }
      if [ -d ${code}/project_files ]; then
        cp -R ${code}/project_files/. ${lib.escapeShellArg cfg.filesDir}/
        chmod -R u+w ${lib.escapeShellArg cfg.filesDir}
      fi
    '';
  };
}
