# PORT SOCKET COMMAND…: becomes the command, in a network namespace where only loopback is, with a relay from the Unix socket
# to the port. The relay starts when somebody listens at the port, so whoever reaches the socket reaches the program.
set -eu
if [ "$1" != inside ]; then
  # Where /proc may not be written, the process sees its own user as the one without a number (65534); what it may do is the same.
  map=
  if [ -w /proc/self/uid_map ]; then map=--map-current-user; fi
  exec unshare --user $map --keep-caps --net -- /bin/sh "$0" inside "$@"
fi
port=$2 socket=$3
shift 3
ip link set lo up
# Who has said all may close its half and still gets the answer, for as long as a check waits for one (ready-socket.sh). Not longer: who
# has gone altogether looks the same, and costs a process until then.
relay() {
  listening=$(printf ':%04X [0-9A-F]*:0000 0A ' "$port")
  until grep -q "$listening" /proc/self/net/tcp /proc/self/net/tcp6 2>/dev/null; do sleep 0.05; done
  while :; do
    socat -t 10 "UNIX-LISTEN:$socket,fork,unlink-early,backlog=1024" "TCP4:127.0.0.1:$port" || :
    sleep 0.2
  done
}
# Twice in the background: the process has no child that it does not know of.
(relay &)
exec setpriv --ambient-caps=-all --inh-caps=-all -- "$@"
