# The host's PHP under nixpkgs' names: bin/php and bin/php-fpm, `buildEnv` and `withExtensions`. Extensions are those that lie
# beside the program; what the machine's own /etc/php says is not read, because no environment sees it.
{ lib, host, builders }:
let
  missing = import ./missing.nix;
  # Names of extensions that projects ask for by `all.NAME`. Whether the host has one is found out when the package is built.
  extensions = lib.genAttrs [
    "amqp" "apcu" "bcmath" "bz2" "calendar" "ctype" "curl" "dba" "dom" "exif" "ffi" "fileinfo" "ftp" "gd" "gettext" "gmp" "iconv"
    "igbinary" "imagick" "imap" "intl" "ldap" "mbstring" "memcached" "mongodb" "mysqli" "mysqlnd" "opcache" "openssl" "pcntl" "pdo"
    "pdo_mysql" "pdo_pgsql" "pdo_sqlite" "pgsql" "phar" "posix" "readline" "redis" "session" "shmop" "simplexml" "soap" "sockets"
    "sodium" "sqlite3" "sysvmsg" "sysvsem" "sysvshm" "tidy" "tokenizer" "uuid" "xdebug" "xml" "xmlreader" "xmlwriter" "xsl" "yaml"
    "zip" "zlib"
  ] (extensionName: { inherit extensionName; });

  # As nixpkgs has some enabled by default, the host has what it has; xdebug only where it is asked for.
  enabled = map (e: e // { optional = true; }) (builtins.attrValues (removeAttrs extensions [ "xdebug" ]));
  fpms = lib.filterAttrs (program: _: builtins.match "php-fpm[0-9.]*" program != null) host;

  make = name: program: { extensions, extraConfig }:
    if !(host ? ${program}) then
      missing name program
    else
      builders.runCommand name
        {
          php = host.${program};
          fpms = lib.mapAttrsToList (program: path: "${program}=${path}") fpms;
          wanted = map (e: e.extensionName + lib.optionalString (e.optional or false) "?") extensions;
          inherit extraConfig;
          passAsFile = [ "extraConfig" ];
          meta.mainProgram = "php";
          passthru = {
            hasFpm = fpms ? "php-fpm${lib.removePrefix "php" program}";
            buildEnv = { extensions ? { enabled, ... }: enabled, extraConfig ? "" }:
              make name program { extensions = extensions { inherit enabled; all = known; }; inherit extraConfig; };
            withExtensions = extensions:
              make name program { extensions = extensions { inherit enabled; all = known; }; inherit extraConfig; };
          };
        }
        (builtins.readFile ./php.sh);
  known = extensions;

  package = name: program: make name program { extensions = enabled; extraConfig = ""; };
  versions = [ "8.5" "8.4" "8.3" "8.2" "8.1" "8.0" "7.4" ];
  # Debian's `php` is a link into /etc, which builds do not see. Like the link, the newest.
  newest = lib.findFirst (program: host ? ${program}) "php" (map (version: "php${version}") versions);
in
{ php = package "php" newest; }
// builtins.listToAttrs (
  map (version: rec {
    name = "php${builtins.replaceStrings [ "." ] [ "" ] version}";
    value = package name "php${version}";
  }) versions
)
