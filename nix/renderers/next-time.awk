# Prints the first moment after now (or `after`), in seconds since 1970, at which all lists hold: weekdays (0 is Sunday), months, days,
# hours, minutes, seconds; each is numbers joined by commas in rising order, or `*`. Nothing where there is none in 30 years.
function has(list, n) { return list == "*" || index("," list ",", "," n ",") }
function fill(list, into, low, high,    i, n) {
  if (list != "*") return split(list, into, ",")
  n = 0
  for (i = low; i <= high; i++) into[++n] = i
  return n
}
function local(t) { return strftime("%Y-%m-%d %H:%M:%S", t) }
# The moment of a local time, or -1 where clocks that go forward leave it out. Where they go back there are two: as in systemd, the one
# whose offset is that of now.
function moment(y, m, d, h, i, s,    t, wall) {
  t = mktime(y " " m " " d " " h " " i " " s)
  wall = sprintf("%04d-%02d-%02d %02d:%02d:%02d", y, m, d, h, i, s)
  if (local(t) != wall) return -1
  if (local(t - 3600) == wall && strftime("%z", t - 3600) == offset) return t - 3600
  if (local(t + 3600) == wall && strftime("%z", t + 3600) == offset) return t + 3600
  return t
}
END {
  now = after == "" ? systime() : after + 0
  offset = strftime("%z", now)
  hn = fill(hours, H, 0, 23); mn = fill(minutes, M, 0, 59); sn = fill(seconds, S, 0, 59)
  split(strftime("%Y %m %d", now), today, " ")
  for (day = 0; day < 10958; day++) {
    # Noon is in every day, whatever the clocks do.
    noon = mktime((today[1] + 0) " " (today[2] + 0) " " (today[3] + day) " 12 0 0")
    split(strftime("%Y %m %d %w", noon), date, " ")
    if (!has(months, date[2] + 0) || !has(days, date[3] + 0) || !has(weekdays, date[4] + 0)) continue
    for (h = 1; h <= hn; h++) {
      if (day == 0 && H[h] + 0 < strftime("%H", now) + 0) continue
      for (m = 1; m <= mn; m++) {
        last = moment(date[1] + 0, date[2] + 0, date[3] + 0, H[h] + 0, M[m] + 0, S[sn] + 0)
        if (last != -1 && last <= now) continue
        for (s = 1; s <= sn; s++) {
          t = moment(date[1] + 0, date[2] + 0, date[3] + 0, H[h] + 0, M[m] + 0, S[s] + 0)
          if (t > now) { print t; exit }
        }
      }
    }
  }
}
