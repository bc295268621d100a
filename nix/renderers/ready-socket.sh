# Whether somebody takes connections at the Unix socket $1.
connects() {
  [ -S "$1" ] || return 1
  if [ "$client" = s6-ipcclient ]; then timeout 5 s6-ipcclient "$1" true
  elif [ "$client" = socat ]; then timeout 5 socat -u OPEN:/dev/null "UNIX-CONNECT:$1"
  else timeout 5 nc -U "$1" </dev/null; fi >/dev/null 2>&1
}
# Whether GET $2 at the Unix socket $1 is answered with a status below 500.
answers() {
  [ -S "$1" ] || return 1
  status=$(
    export path="$2" host="${HOSTENV_HOSTNAME:-localhost}"
    ask='printf "GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: hostenv-check\r\n\r\n" "$path" "$host"'
    case $client in
      s6-ipcclient) timeout 10 s6-ipcclient "$1" sh -c "$ask >&7; head -n 1 <&6" ;;
      socat) eval "$ask" | timeout 10 socat -t 10 - "UNIX-CONNECT:$1" | head -n 1 ;;
      *) eval "$ask" | timeout 10 nc -U "$1" | head -n 1 ;;
    esac 2>/dev/null
  )
  status=${status#* }
  [ "${status%% *}" -lt 500 ] 2>/dev/null
}
client=
for program in s6-ipcclient socat nc; do
  if command -v "$program" >/dev/null; then client=$program && break; fi
done
[ -n "$client" ] || echo 'no program here connects to Unix sockets: install s6 or socat' >&2
