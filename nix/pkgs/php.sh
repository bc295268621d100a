# Builds a PHP package: wrappers that name their own directory of settings, as nixpkgs' do.
version=$("$php" -n -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;')
directory=$("$php" -n -r 'echo ini_get("extension_dir");')
built_in() { "$php" -n -r 'exit(extension_loaded($argv[1]) ? 0 : 1);' "$1"; }

mkdir -p "$out/bin" "$out/lib/php.d"
cp "$extraConfigPath" "$out/lib/php.ini"

# Files are read in the order of their names, and an extension after those that it needs.
enable() {
  case $1 in
    opcache | xdebug) echo "zend_extension=$1" > "$out/lib/php.d/10-$1.ini" ;;
    mysqlnd | pdo | dom | xml) echo "extension=$1" > "$out/lib/php.d/10-$1.ini" ;;
    *) echo "extension=$1" > "$out/lib/php.d/20-$1.ini" ;;
  esac
}
want() {
  if [ -e "$directory/$1.so" ]; then
    enable "$1"
  elif ! built_in "$1"; then
    echo "this host's PHP $version has no extension \`$1'; its operator can install it, or provide nixpkgs" >&2
    exit 1
  fi
  case $1 in
    mysqli) want mysqlnd ;;
    pdo_mysql) want mysqlnd; want pdo ;;
    pdo_*) want pdo ;;
  esac
}
# NAME? is wanted only where the host has it.
set -f
for name in $wanted; do
  case $name in
    *'?') [ ! -e "$directory/${name%'?'}.so" ] || want "${name%'?'}" ;;
    *) want "$name" ;;
  esac
done
set +f

# PHPRC is where php.ini is looked for first.
wrap() {
  printf '#!/bin/sh\nexport PHPRC=%s PHP_INI_SCAN_DIR=%s\nexec %s "$@"\n' "$out/lib" "$out/lib/php.d" "$1" > "$out/bin/$2"
  chmod +x "$out/bin/$2"
}
wrap "$php" php
for fpm in $fpms; do
  case ${fpm%%=*} in php-fpm | "php-fpm$version") wrap "${fpm#*=}" php-fpm ;; esac
done
