# Brings the user units of the environment's own (lingering) user to the package. Every step can be killed and run again: the files
# in $HOSTENV_STATE_DIR/systemd say what was completely switched to.
#
#   ~/.config/systemd/user/hostenv-NAME.service (.timer, .socket)  -> the store
#   ~/.config/systemd/user/hostenv-NAME.socket.d/path.conf         where the socket is, known here only
#   ~/.config/hostenv/environment, release                         the variables of all processes; of those that ask for the release
#   $HOSTENV_STATE_DIR/systemd/NAME, NAME.files, NAME.release      what runs, in words
PATH=$PATH:/run/current-system/sw/bin
bus=/run/user/$(id -u)
[ -S "$bus/systemd/private" ] || fail "no systemd runs for user $(id -un): it must linger (loginctl enable-linger $(id -un))"
ctl() { XDG_RUNTIME_DIR=$bus systemctl --user "$@"; }
journal() { XDG_RUNTIME_DIR=$bus journalctl --user "$@"; }

# The manager's own idea of its configuration: its home may be another than the environment's.
units=''
for directory in $(ctl show -p UnitPath --value); do
  case $directory in */systemd/user) units=$directory && break ;; esac
done
[ -n "$units" ] || fail 'systemd names no directory for units'
config=${units%/systemd/user}/hostenv
records=$HOSTENV_STATE_DIR/systemd
mkdir -p "$units" "$config" "$records" "$units/default.target.wants" "$units/timers.target.wants" "$units/sockets.target.wants"

# Writes standard input to a file, where that changes it. Answers whether it did.
put() {
  cat >"$1.new"
  if cmp -s "$1.new" "$1" 2>/dev/null; then
    rm -f "$1.new"
    return 1
  fi
  mv "$1.new" "$1"
}
# For EnvironmentFile= (systemd.exec(5)): quoted, so that nothing in a value is special.
quoted() { printf '%s="' "$1" && printf '%s' "$2" | sed 's/[\\"$`]/\\&/g' && echo '"'; }
variables() {
  for variable in HOME PATH LANG USER LOGNAME HOSTENV_ORGANISATION HOSTENV_PROJECT HOSTENV_ENVIRONMENT HOSTENV_TYPE HOSTENV_HOSTNAME \
    HOSTENV_RUNTIME_DIR HOSTENV_UPSTREAM_DIR HOSTENV_DATA_DIR HOSTENV_STATE_DIR HOSTENV_CACHE_DIR HOSTENV_SECRETS_DIR \
    HOSTENV_MANAGER XDG_RUNTIME_DIR XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME XDG_CONFIG_HOME; do
    eval "value=\${$variable:-}"
    [ -z "$value" ] || quoted "$variable" "$value"
  done
}
variables | put "$config/environment" || :

# Whether the limits of the whole are those of this package.
same_slice() { cmp -s "$package/systemd/hostenv.slice" "$units/hostenv.slice"; }

# --- What is to be done.

names=''
collect() { names="$names hostenv-$name.service"; case $restart in timer) names="$names hostenv-$name.timer" ;; esac; }
each collect
for record in "$records"/*; do
  name=${record##*/}
  case $name in *.*) continue ;; esac
  [ -f "$record" ] || continue
  one_of "$names" "hostenv-$name.service" || removed="$removed $name"
done
# Those that are up, or on their way there. What `show` prints of a unit ends with an empty line.
up='' id='' active=''
if [ -n "$names" ]; then
  # shellcheck disable=SC2086
  states=$(ctl show -p Id -p ActiveState $names)
  while IFS='=' read -r key value; do
    case $key in Id) id=$value ;; ActiveState) active=$value ;; esac
    if [ -z "$id" ] || [ -z "$active" ]; then continue; fi
    case $active in active | activating | reloading) up="$up $id" ;; esac
    id='' active=''
  done <<EOT
$states
EOT
fi
verdict() {
  first_line "$records/$name"
  was=$line
  # One that always runs is not up when it was stopped from outside; another may have ended for good.
  case $restart in
    always) runs=$(one_of "$up" "hostenv-$name.service" && echo yes || echo no) ;;
    timer) runs=$(one_of "$up" "hostenv-$name.timer" && echo yes || echo no) ;;
    *) runs=yes ;;
  esac
  if [ -z "$was" ]; then
    # Nothing is known of it; if it runs all the same, a switch was not finished.
    if one_of "$up" "hostenv-$name.service"; then changed="$changed $name" verb=restarted; else fresh="$fresh $name" verb=started; fi
  elif [ "$was" != "$definition" ] || [ "$runs" = no ] || ! same_release "$records/$name.release"; then
    changed="$changed $name" verb=restarted
  elif ! same_files "$records/$name.files"; then
    reloaded="$reloaded $name" verb=reloaded
  else
    unchanged="$unchanged $name" verb=unchanged
  fi
  say "$name" "$verb"
}
each verdict
for name in $removed; do say "$name" stopped; done

if [ -z "$changed$fresh$reloaded$removed" ] && same_slice; then
  [ -z "$report" ] || echo "$report"
  exit 0
fi
began=$(date +%s)

# --- Stops, as the old definitions have it. In which order, systemd knows.

stopping='' held=''
of_unit() { # every unit of the process $1 that systemd was given
  for kind in timer socket service; do [ ! -L "$units/hostenv-$1.$kind" ] || echo "hostenv-$1.$kind"; done
}
socket() { # NAME PATH: where a socket belongs; calls back into this from the package's list
  directory=$units/hostenv-$1.socket.d
  [ -d "$directory" ] || mkdir "$directory"
  if printf '[Socket]\nListenStream=%s\n' "$2" | put "$directory/path.conf"; then moved="$moved $1"; fi
}
moved=''
# shellcheck disable=SC1091
[ ! -e "$package/systemd/sockets" ] || . "$package/systemd/sockets"
stop_one() {
  one_of "$changed" "$name" || return 0
  : >"$records/$name"
  # A socket that stays open holds who connects meanwhile, and would start the old process again: it is restarted in one step.
  if [ -L "$units/hostenv-$name.socket" ] && [ -e "$definition/systemd/hostenv-$name.socket" ] && ! one_of "$moved" "$name"; then
    held="$held $name"
  else
    stopping="$stopping $(of_unit "$name")"
  fi
}
each stop_one
for name in $removed; do stopping="$stopping $(of_unit "$name")"; done
# shellcheck disable=SC2086
[ -z "${stopping# }" ] || ctl stop $stopping || fail "processes do not stop: $stopping"

# --- The units: links to the store, and what wants them when the user's manager starts.

wanted_by() {
  case $1 in *.service) echo "$units/default.target.wants/$1" ;; *.timer) echo "$units/timers.target.wants/$1" ;; *) echo "$units/sockets.target.wants/$1" ;; esac
}
# Both links of each kind, whichever of them is there: one that was killed here may have left either.
remove() {
  for kind in timer socket service; do rm -f "$units/hostenv-$1.$kind" "$(wanted_by "hostenv-$1.$kind")"; done
}
install() {
  one_of "$changed$fresh" "$name" || return 0
  remove "$name"
  ln -s "$definition"/systemd/* "$units/"
  case $restart in timer) main=hostenv-$name.timer ;; *) main=hostenv-$name.service ;; esac
  ln -s "../$main" "$(wanted_by "$main")"
  [ ! -L "$units/hostenv-$name.socket" ] || ln -s "../hostenv-$name.socket" "$(wanted_by "hostenv-$name.socket")"
  if [ "$onrelease" = - ]; then rm -f "$records/$name.release"; else release >"$records/$name.release"; fi
}
for name in $removed; do
  remove "$name"
  rm -rf "$units/hostenv-$name.socket.d"
  rm -f "$records/$name.release" "$records/$name.files" "$HOSTENV_STATE_DIR/files/$name"
done
each install
point "$package/systemd/hostenv.slice" "$units/hostenv.slice"
{ quoted HOSTENV_RELEASE "${HOSTENV_RELEASE:-}" && quoted HOSTENV_REVISION "${HOSTENV_REVISION:-}"; } | put "$config/release" || :
ctl daemon-reload
for name in $removed; do rm -f "$records/$name"; done

# --- Starts: systemd waits for who is ready (ExecStartPost=) and for who is `after` whom.

starting='' again='' sockets=''
begin() {
  one_of "$changed$fresh" "$name" || return 0
  link_files
  [ ! -e "$definition/systemd/hostenv-$name.socket" ] || sockets="$sockets hostenv-$name.socket"
  if [ "$restart" = timer ]; then starting="$starting hostenv-$name.timer"
  elif one_of "$held" "$name"; then again="$again hostenv-$name.service"
  else starting="$starting hostenv-$name.service"; fi
}
each begin
# Ends here, with the last lines of a process that did not become ready.
blame() {
  one_of "$changed$fresh" "$name" && [ "$restart" != timer ] || return 0
  ActiveState='' Result='' ExecMainCode='' ExecMainStatus='' NRestarts=''
  while IFS='=' read -r key value; do
    case $key in ActiveState) ActiveState=$value ;; Result) Result=$value ;; ExecMainCode) ExecMainCode=$value ;;
      ExecMainStatus) ExecMainStatus=$value ;; NRestarts) NRestarts=$value ;; esac
  done <<EOT
$(ctl show -p ActiveState -p Result -p ExecMainCode -p ExecMainStatus -p NRestarts "hostenv-$name.service")
EOT
  [ "$ActiveState" != active ] || [ "$NRestarts" != 0 ] || return 0
  case $Result/$ExecMainCode in
    timeout/*) why="is not ready after $patience s" ;;
    */1) why="died before it was ready: exit $ExecMainStatus" ;;
    */[23]) why="died before it was ready: signal $ExecMainStatus" ;;
    *) why='died before it was ready' ;;
  esac
  echo "activate: $name $why" >&2
  # What it wrote last may still be on its way to the journal, which knows no unit of a process that has ended: by its identifier.
  said=''
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
    sleep 0.3
    said=$(journal -q -o cat -n 25 --since "@$began" "SYSLOG_IDENTIFIER=$name") || :
    [ -z "$said" ] || break
  done
  [ -z "$said" ] || printf '%s\n' "$said" >&2
  exit 1
}
started() { # how the starts went
  each blame
  fail "systemd did not start$starting$again"
}
# What it says of a failed start is for who has its terminal.
# shellcheck disable=SC2086
{
  [ -z "$sockets" ] || ctl start $sockets 2>/dev/null || started
  [ -z "$again" ] || ctl restart $again 2>/dev/null || started
  [ -z "$starting" ] || ctl start $starting 2>/dev/null || started
}

reload_one() {
  one_of "$reloaded" "$name" || return 0
  : >"$records/$name.files"
  refresh_files
  ctl reload "hostenv-$name.service"
  echo "$files" >"$records/$name.files"
}
each reload_one
settle() {
  one_of "$changed$fresh" "$name" || return 0
  echo "$files" >"$records/$name.files"
  echo "$definition" >"$records/$name"
}
each settle
echo "$report"
