# Brings the running s6 tree of one environment to the package. Every step can be killed and run again: what `installed` says was
# completely switched to; it is emptied first and written last, so a half-done service counts as changed.
#
#   $HOSTENV_RUNTIME_DIR/s6/scan/NAME     -> ../service/NAME   what s6-svscan(8) supervises
#   $HOSTENV_RUNTIME_DIR/s6/service/NAME/   definition         -> the store; run, finish, … -> through definition
#                                           installed, files, release: what runs, in words
#   $HOSTENV_RUNTIME_DIR/s6/began           written when an activation begins to change something
scan=$HOSTENV_RUNTIME_DIR/s6/scan
services=$HOSTENV_RUNTIME_DIR/s6/service

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

# --- What is to be done: reads only, one process for each service.

verdict() {
  dir=$services/$name
  wanted="$wanted $name"
  [ "$level" -le "$last" ] || last=$level
  if [ ! -d "$dir" ]; then
    fresh="$fresh $name"
    return
  elif ! up=$(s6-svstat -o wantedup "$dir" 2>/dev/null); then
    [ ! -L "$scan/$name" ] || lost="$lost $name"
    fresh="$fresh $name"
    return
  fi
  first_line "$dir/installed"
  # One that always runs was stopped from outside when it is not wanted up; another may have ended for good.
  case $restart in always | timer) ;; *) up=true ;; esac
  if [ "$line" != "$definition" ] || [ "$up" = false ] || ! same_release "$dir/release"; then
    changed="$changed $name"
    eval "stop_$level=\"\${stop_$level:-} $dir\""
  elif ! same_files "$dir/files"; then
    reloaded="$reloaded $name"
  else
    unchanged="$unchanged $name"
  fi
}
last=-1
look() {
  while [ "$last" -ge 0 ]; do
    unset "stop_$last"
    last=$((last - 1))
  done
  wanted='' lost='' last=0 unchanged='' changed='' fresh='' reloaded='' removed='' stop_removed=''
  each verdict
  for dir in "$services"/*; do
    name=${dir##*/}
    if [ ! -d "$dir" ] || one_of "$wanted" "$name"; then continue; fi
    removed="$removed $name"
    if s6-svok "$dir"; then stop_removed="$stop_removed $dir"
    elif [ -L "$scan/$name" ]; then lost="$lost $name"; fi
  done
}

[ -d "$services" ] || mkdir -p "$services" "$scan"
for link in "$scan"/*; do
  [ ! -L "$link" ] || [ -x "$link/run" ] || rm -f "$link"
done
look
# Whatever is linked gets its supervisor first, so that nothing starts behind our back while a definition is replaced.
if [ -n "$lost" ]; then
  within s6-svscanctl -a "$scan" || fail "s6-svscan does not run in $scan"
  for name in $lost; do within s6-svok "$services/$name" || fail "no supervisor for $name"; done
  look
fi
tell() {
  if one_of "$unchanged" "$name"; then say "$name" unchanged
  elif one_of "$changed" "$name"; then say "$name" restarted
  elif one_of "$reloaded" "$name"; then say "$name" reloaded
  else say "$name" started; fi
}
each tell
for name in $removed; do say "$name" stopped; done
if [ -z "$changed$fresh$reloaded$removed" ]; then
  [ -z "$report" ] || echo "$report"
  exit 0
fi
# Whoever has a supervisor is told by that; only what is to get one, or to lose it, needs s6-svscan.
[ -z "$fresh$removed" ] || within s6-svscanctl -a "$scan" || fail "s6-svscan does not run in $scan"
: >"$HOSTENV_RUNTIME_DIR/s6/began"

# --- What does not need the processes to be down is done before: nobody answers from here until they are up again.

define() { # in directory $1
  point "$definition/s6" "$1/definition"
  if [ "$onrelease" != - ]; then release >"$1/release"
  elif [ -f "$1/release" ]; then rm -f "$1/release"; fi
}
redefine() {
  one_of "$changed" "$name" || return 0
  dir=$services/$name
  [ ! -L "$dir/installed" ] || rm -f "$dir/installed"
  : >"$dir/installed"
  [ -L "$dir/notification-fd" ] || ln -s definition/notification-fd "$dir/notification-fd"
  define "$dir"
}
each redefine

# --- Stops: the last to start first. s6 kills who is still there after its `timeout-kill`.

stop() {
  [ $# -gt 0 ] || return 0
  longest=0
  for dir; do
    s6-svc -d "$dir"
    first_line "$dir/timeout-kill"
    [ "${line:-5000}" -le "$longest" ] || longest=${line:-5000}
  done
  s6-svwait -D -t $((longest + 5000)) "$@" 2>/dev/null && return
  for dir; do [ "$(s6-svstat -o up "$dir")" = false ] || s6-svc -k "$dir"; done
  s6-svwait -D -t 5000 "$@" 2>/dev/null || fail "processes do not stop: $*"
}
# Names of services are words without blanks; the runtime directory is the receiver's and has none either.
# shellcheck disable=SC2046,SC2086
while [ "$last" -ge 0 ]; do
  eval "stopping=\${stop_$last:-}"
  [ "$last" -gt 0 ] || stopping="$stopping $stop_removed"
  stop $stopping
  last=$((last - 1))
done

for name in $removed; do rm -f "$scan/$name" "$HOSTENV_STATE_DIR/files/$name"; done
[ -z "$removed" ] || s6-svscanctl -an "$scan"
for name in $removed; do
  # A logger ends with the last writer; one that a stray process keeps open is ended here.
  within gone "$services/$name" || { s6-svc -xk "$services/$name/log" 2>/dev/null && within gone "$services/$name"; } ||
    fail "the supervisor of $name does not end"
  rm -rf "${services:?}/$name"
done

# --- Starts, level by level: whoever is named by the `after` of a later one is waited for.

unready='' at=0 births=''
# Ends here, with the last lines of a process that did not become ready.
not_ready() { # NAME WHY
  echo "activate: $1 $2" >&2
  # Each line opens with its time, in the same zone; what came before this activation is another process's.
  awk -v began="$(date -r "$HOSTENV_RUNTIME_DIR/s6/began" '+%Y-%m-%d %H:%M:%S')" '$0 >= began { sub(/^[^ ]+ [^ ]+ +/, ""); print }' "$HOSTENV_STATE_DIR/log/$1/current" 2>/dev/null |
    tail -n 25 >&2
  exit 1
}
await() {
  [ -n "$unready" ] || return 0
  dirs='' since=$(date +%s)
  for entry in $unready; do dirs="$dirs $services/${entry%:*}"; done
  # shellcheck disable=SC2086
  until s6-svwait -U -t 500 $dirs 2>/dev/null; do
    now=$(date +%s)
    for entry in $unready; do
      dir=$services/${entry%:*}
      death=$(s6-svdt "$dir" | tail -n 1)
      case $death in
        *' exitcode '*) not_ready "${entry%:*}" "died before it was ready: exit ${death##* }" ;;
        *' signal '*) not_ready "${entry%:*}" "died before it was ready: signal ${death##* }" ;;
      esac
      [ $((now - since)) -lt "${entry#*:}" ] || [ "$(s6-svstat -o ready "$dir")" = true ] ||
        not_ready "${entry%:*}" "is not ready after ${entry#*:} s"
    done
  done
  unready=''
}
born() {
  [ -n "$births" ] || return 0
  s6-svscanctl -a "$scan"
  for name in $births; do within s6-svok "$services/$name" || fail "no supervisor for $name"; done
  births=''
}
create() {
  [ ! -d "$services/.new" ] || rm -rf "$services/.new"
  mkdir -p "$services/.new/log"
  ln -s "$definition/s6" "$services/.new/definition"
  ln -s definition/run definition/finish definition/notification-fd "$services/.new"
  ln -s ../definition/log/run "$services/.new/log/run"
  [ "$onrelease" = - ] || release >"$services/.new/release"
  mv -T "$services/.new" "$dir"
}
begin() {
  dir=$services/$name
  one_of "$changed$fresh" "$name" || return 0
  if [ "$level" != "$at" ]; then
    at=$level this=$name
    born
    await
    name=$this dir=$services/$this
  fi
  link_files
  if one_of "$changed" "$name"; then
    s6-svdt-clear "$dir"
    s6-svc -wu -T 1000 -u "$dir" 2>/dev/null || :
    [ -L "$scan/$name" ] || ln -s "../service/$name" "$scan/$name"
  else
    if [ ! -d "$dir" ]; then create
    else
      rm -f "$dir/installed"
      define "$dir"
    fi
    [ -L "$scan/$name" ] || ln -s "../service/$name" "$scan/$name"
    births="$births $name"
  fi
  [ "$patience" = 0 ] || unready="$unready $name:$patience"
}
each begin
born

again() {
  one_of "$reloaded" "$name" || return 0
  dir=$services/$name
  : >"$dir/files"
  refresh_files
  case $reload in HUP) s6-svc -h "$dir" ;; INT) s6-svc -i "$dir" ;; QUIT) s6-svc -q "$dir" ;; TERM) s6-svc -t "$dir" ;;
    USR1) s6-svc -1 "$dir" ;; USR2) s6-svc -2 "$dir" ;; WINCH) s6-svc -y "$dir" ;; esac
  echo "$files" >"$dir/files"
}
each again
await
settle() {
  one_of "$changed$fresh" "$name" || return 0
  echo "$files" >"$services/$name/files"
  echo "$definition" >"$services/$name/installed"
}
each settle
echo "$report"
