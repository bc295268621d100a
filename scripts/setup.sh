#!/bin/sh
# Makes a fresh clone ready: system programs (apt, where there is one), Node 24 and the npm packages of the lockfile.
# Run first by `npm test`, `npm run quickstart` and `npm run hostenv` (--run: without what only the tests need; --bench: with what
# hostenv is measured against).
# Says what it does and nothing else; done in well under a second when nothing is missing.
set -eu
cd "$(dirname "$0")/.."
say() { printf 'setup: %s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }
die() {
  say "$@"
  exit 1
}

# npm ci empties node_modules, through a link too.
[ ! -L node_modules ] || die 'node_modules is a symbolic link, and npm ci would empty what it leads to: remove the link, then run this again.'

for_tests=yes
for_bench=no
case ${1:-} in
  --run) for_tests=no ;;
  --bench) for_tests=no for_bench=yes ;;
esac

# --- System programs: a program, the Debian package that brings it, and what it is for when there is no apt.

# Debian keeps some of these in directories that a plain user's PATH lacks.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
packages='' names=''
need() { # need PROGRAM PACKAGE
  has "$1" && return 0
  case " $packages " in *" $2 "*) return 0 ;; esac
  packages="$packages $2"
  names="$names $1"
}
need git git
need ssh openssh-client
need ssh-keygen openssh-client
need nix nix-bin
need bwrap bubblewrap
need s6-svscan s6
need s6-log s6
need busybox busybox-static
need unshare util-linux
need setpriv util-linux

# What only some tests run: they say themselves what they skip without it.
wanted=''
want() { # want PACKAGE FILE…: nothing to do where one of the files is there
  package=$1 && shift
  for file; do [ ! -e "$file" ] || return 0; done
  wanted="$wanted $package"
}
if [ "$for_tests" = yes ]; then
  want shellcheck /usr/bin/shellcheck
  want nginx /usr/sbin/nginx
  want php-cli /usr/bin/php
  want php-fpm /usr/sbin/php-fpm*
  want php-mysql /usr/lib/php/*/pdo_mysql.so
  want mariadb-server-core /usr/sbin/mariadbd
  want mariadb-client /usr/bin/mariadb-dump
  want postgresql /usr/lib/postgresql/*/bin/postgres
  want redis-server /usr/bin/redis-server
  want restic /usr/bin/restic
  want socat /usr/bin/socat
  want iproute2 /usr/sbin/ip /sbin/ip
  # Test hosts are booted from this machine's /usr.
  want systemd /usr/lib/systemd/systemd /lib/systemd/systemd
  want systemd-container /usr/bin/systemd-nspawn
  want libpam-systemd /usr/lib/*/security/pam_systemd.so /lib/*/security/pam_systemd.so
  want dbus /usr/bin/dbus-daemon
fi

if [ "$for_bench" = yes ]; then
  # The peers that hostenv is measured against.
  want openssh-server /usr/sbin/sshd
  want gitolite3 /usr/bin/gitolite
  want caddy /usr/bin/caddy
  want wrk /usr/bin/wrk
  want socat /usr/bin/socat
fi

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif [ -t 0 ] && [ -t 2 ]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

may_install() {
  has apt-get || return 1
  [ "$(id -u)" = 0 ] && return 0
  has sudo || return 1
  sudo -n true 2>/dev/null || { [ -t 0 ] && [ -t 2 ]; }
}

# Packages of servers start them when they are installed, unless this program says no (invoke-rc.d(8)), and have them start
# with the machine. Neither is wanted: tests run servers of their own.
policy=/usr/sbin/policy-rc.d
keep_stopped() {
  [ -e "$policy" ] || as_root sh -c "printf '#!/bin/sh\\n# of hostenv: scripts/setup.sh\\nexit 101\\n' > $policy; chmod +x $policy"
}
leave_stopped() {
  ! grep -q 'of hostenv' "$policy" 2>/dev/null || as_root rm -f "$policy"
  has systemctl || return 0
  for package in $wanted; do
    case $package in
      nginx | postgresql | redis-server) as_root systemctl disable "$package" ;;
      php-fpm) as_root systemctl disable "$(basename /usr/lib/systemd/system/php*-fpm.service)" ;;
    esac
  done >/dev/null 2>&1 || true
}

install_packages() {
  may_install || return 1
  say "installing with apt:$packages$wanted"
  log=$(mktemp)
  # Without lists, or with lists that are out of date, the first try fails at once: then they are fetched.
  # shellcheck disable=SC2086 # the lists are split on purpose
  set -- env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages $wanted
  if ! as_root "$@" >"$log" 2>&1; then
    say 'refreshing the package lists (apt-get update)'
    if ! as_root apt-get update -q >"$log" 2>&1 || ! as_root "$@" >>"$log" 2>&1; then
      tail -n 15 "$log" >&2
      rm -f "$log"
      return 1
    fi
  fi
  rm -f "$log"
}

if [ -n "$packages$wanted" ]; then
  if [ -n "$wanted" ] && may_install; then
    trap leave_stopped EXIT
    keep_stopped
  fi
  install_packages || [ -z "$packages" ] ||
    die "missing:$names. Install these (Debian and Ubuntu: apt-get install$packages), then run this again."
  if [ -n "$wanted" ] && may_install; then
    trap - EXIT
    leave_stopped
  fi
fi

# --- What the programs must be able to do.

at_least() { # at_least HAVE WANT: compares versions like 2.39.5 and 2.39
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}
git_version=$(git --version | sed 's/[^0-9]*\([0-9.]*\).*/\1/')
at_least "$git_version" 2.39 || die "git is $git_version; hostenv needs 2.39 or newer."
nix_version=$(nix --version | sed 's/.* //')
at_least "$nix_version" 2.8 || die "nix is $nix_version; hostenv needs 2.8 or newer."

if ! bwrap --unshare-all --die-with-parent --ro-bind / / true 2>/dev/null; then
  say 'bwrap cannot make a sandbox here: user namespaces are not allowed to this user.'
  if [ "$(cat /proc/sys/kernel/apparmor_restrict_unprivileged_userns 2>/dev/null)" = 1 ]; then
    say 'Ubuntu >= 24.04 restricts them with AppArmor. Allow them (see docs/guide/first-receiver.md for a setting that stays) with'
    die '  sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0'
  fi
  if [ "$(cat /proc/sys/kernel/unprivileged_userns_clone 2>/dev/null)" = 0 ]; then
    die 'Allow them with: sudo sysctl -w kernel.unprivileged_userns_clone=1'
  fi
  die 'In a container, start it so that it may make namespaces; elsewhere see user.max_user_namespaces (sysctl).'
fi

# --- The npm packages. The stamp names the lockfile that node_modules was made from.

stamp=node_modules/.hostenv-setup
want=$(cat package-lock.json .taprc | cksum)
have=$(cat "$stamp" 2>/dev/null || true)

quietly() { # quietly COMMAND…: its output only when it fails
  log=$(mktemp)
  "$@" >"$log" 2>&1 && status=0 || status=$?
  [ "$status" = 0 ] || tail -n 40 "$log" >&2
  rm -f "$log"
  return "$status"
}

# Of the install scripts only that of the package "node" is run, which puts Node in its place. ssh2's would compile what is not loaded
# (src/transport/ssh2.ts).
if [ "$have" != "$want" ]; then
  has npm || die 'npm is missing. Install it (Debian and Ubuntu: apt-get install npm), then run this again.'
  say 'installing the npm packages'
  quietly npm ci --ignore-scripts --no-progress || die 'npm ci failed.'
  quietly npm rebuild node --foreground-scripts || die 'the npm package "node" could not be set up.'
fi

if [ "$for_bench" = yes ] && [ ! -e bench/peers/npm/node_modules/.package-lock.json ]; then
  say 'installing the npm packages of the peers'
  (cd bench/peers/npm && quietly npm ci --ignore-scripts --no-progress) || say 'they cannot be installed: those peers are left out.'
fi

PATH=$PWD/node_modules/.bin:$PATH
if [ "$have" != "$want" ]; then
  version=$(node --version)
  case $version in
    v24.*) ;;
    *) die "node_modules/.bin/node is $version, not v24." ;;
  esac
  # tap's test class has to be generated for the plugins that .taprc names.
  quietly tap build || die 'tap build failed.'
  printf '%s\n' "$want" >"$stamp"
fi
