# Hundredths of a second between two looks: short at first, never more than the interval.
pause=2
until holds; do
  [ -z "${1:-}" ] || kill -0 "$1" 2>/dev/null || exit 1
  sleep "$((pause / 100)).$((pause % 100 / 10))$((pause % 10))"
  pause=$((pause * 3 / 2 + 1))
  [ "$pause" -le $((most * 100)) ] || pause=$((most * 100))
done
