# Brings the running s6 tree of one environment to the definitions in $1 (links: name -> definition in the store). Every step
# can be killed and run again: `installed` is written last and removed first, so a half-done service counts as changed.
#
#   $HOSTENV_RUNTIME_DIR/s6/scan/NAME     -> ../service/NAME       what s6-svscan(8) supervises
#   $HOSTENV_RUNTIME_DIR/s6/service/NAME/   definition, installed  -> the store; run, finish, log/run -> through definition
set -eu
wanted=$1
scan=$HOSTENV_RUNTIME_DIR/s6/scan
services=$HOSTENV_RUNTIME_DIR/s6/service
grace=5000 # milliseconds between SIGTERM and SIGKILL

fail() { echo "activate: $*" >&2; exit 1; }
# Tries a command until it succeeds, for at most five seconds.
within() {
  tries=250
  until "$@" 2>/dev/null; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.02
  done
}
gone() { ! s6-svok "$1" && ! s6-svok "$1/log"; }
names() { (cd "$1" 2>/dev/null && for n in *; do [ ! -e "$n" ] && [ ! -L "$n" ] || echo "$n"; done); }
# Replaces a link in one step. s6-svscan does not look at names with a dot in front, and neither does `names`.
point() {
  hidden=$(dirname "$2")/.new-link
  rm -f "$hidden"
  ln -s "$1" "$hidden"
  mv -T "$hidden" "$2"
}
release() { printf '%s\n%s\n' "${HOSTENV_RELEASE:-}" "${HOSTENV_REVISION:-}"; }
define() {
  point "$(readlink "$wanted/$1")" "$2/definition"
  if [ -e "$2/definition/restart-on-release" ]; then release > "$2/release"; else rm -f "$2/release"; fi
}
current() {
  [ "$(readlink "$2/installed" 2>/dev/null)" = "$(readlink "$wanted/$1")" ] && s6-svok "$2" || return 1
  [ ! -e "$2/definition/restart-on-release" ] || [ "$(cat "$2/release" 2>/dev/null)" = "$(release)" ] || return 1
  # One that always runs was stopped from outside when it is not wanted up; another may have ended for good.
  [ "$(cat "$2/definition/restart")" != always ] || [ "$(s6-svstat -o wantedup "$2")" = true ]
}
create() {
  rm -rf "$services/.new"
  mkdir -p "$services/.new/log"
  for file in run finish; do ln -s "definition/$file" "$services/.new/$file"; done
  ln -s ../definition/log/run "$services/.new/log/run"
  define "$1" "$services/.new"
  mv -T "$services/.new" "$services/$1"
}
# Sends SIGTERM to all, then waits for all; who is still there gets SIGKILL.
stop() {
  for dir; do rm -f "$dir/installed"; s6-svc -d "$dir"; done
  s6-svwait -D -t "$grace" "$@" 2>/dev/null && return
  for dir; do [ "$(s6-svstat -o up "$dir")" = false ] || s6-svc -k "$dir"; done
  s6-svwait -D -t "$grace" "$@" 2>/dev/null || fail "processes do not stop: $*"
}

mkdir -p "$services" "$scan"
for name in $(names "$scan"); do
  [ -x "$scan/$name/run" ] || rm -f "$scan/$name"
done
wants=$(names "$wanted")
has=$(names "$services")
[ -n "$wants$has" ] || exit 0

# Whatever is linked gets its supervisor first, so that nothing starts behind our back while a definition is replaced.
within s6-svscanctl -a "$scan" || fail "s6-svscan does not run in $scan"
for name in $(names "$scan"); do
  within s6-svok "$services/$name" || fail "no supervisor for $name"
done

report='' changed='' fresh='' removed='' stopping=''
say() { report="$report${report:+ · }$1 $2"; }
for name in $wants; do
  dir=$services/$name
  if [ -e "$dir" ] && current "$name" "$dir"; then
    say "$name" unchanged
  elif [ -e "$dir" ] && s6-svok "$dir"; then
    say "$name" restarted
    changed="$changed $name"
    stopping="$stopping $dir"
  else
    say "$name" started
    fresh="$fresh $name"
  fi
done
for name in $has; do
  [ ! -L "$wanted/$name" ] || continue
  say "$name" stopped
  removed="$removed $name"
  if s6-svok "$services/$name"; then stopping="$stopping $services/$name"; fi
done

# What does not need the processes to be down is done before: nobody answers from here until they are up again. `installed`
# goes first, so that whoever comes after a kill sees a half-done service.
for name in $changed; do
  rm -f "$services/$name/installed"
  define "$name" "$services/$name"
done

# Names of services are words without blanks; the runtime directory is the receiver's and has none either.
[ -z "$stopping" ] || stop $stopping

for name in $changed; do
  dir=$services/$name
  s6-svdt-clear "$dir"
  s6-svc -wu -T 1000 -u "$dir" 2>/dev/null || :
  [ -L "$scan/$name" ] || point "../service/$name" "$scan/$name"
done
for name in $removed; do rm -f "$scan/$name"; done
[ -z "$removed" ] || s6-svscanctl -an "$scan"
for name in $removed; do
  # A logger ends with the last writer; one that a stray process keeps open is ended here.
  within gone "$services/$name" || { s6-svc -xk "$services/$name/log" 2>/dev/null && within gone "$services/$name"; } ||
    fail "the supervisor of $name does not end"
  rm -rf "${services:?}/$name"
done

for name in $fresh; do
  dir=$services/$name
  if [ -e "$dir" ]; then define "$name" "$dir"; else create "$name"; fi
  point "../service/$name" "$scan/$name"
done
[ -z "$fresh" ] || s6-svscanctl -a "$scan"
for name in $fresh; do
  within s6-svok "$services/$name" || fail "no supervisor for $name"
done
for name in $changed $fresh; do point "$(readlink "$wanted/$name")" "$services/$name/installed"; done
echo "$report"
