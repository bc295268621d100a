# Runs $job at the times of a calendar, one run after the other; what is due while one goes on is left out.
pid=
stop() {
  trap '' TERM
  [ -z "$pid" ] || { kill -s "$signal" "$pid" && wait "$pid"; }
  exit 0
}
trap stop TERM
while :; do
  next=$([ -z "$zone" ] || export TZ="$zone"; awk -f "$calendar" weekdays="$weekdays" months="$months" days="$days" hours="$hours" \
    minutes="$minutes" seconds="$seconds" /dev/null)
  [ -n "$next" ] || { echo 'the schedule names no time to come'; exec sleep infinity; }
  # In pieces: the clock may be set, and the machine may sleep.
  while rest=$((next - $(date +%s))) && [ "$rest" -gt 0 ]; do
    [ "$rest" -le 60 ] || rest=60
    sleep "$rest" &
    wait $!
  done
  "$job" &
  pid=$!
  wait "$pid" && code=0 || code=$?
  pid=
  [ "$code" = 0 ] || echo "this run ended with exit $code"
done
