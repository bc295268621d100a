# Calendar expressions of systemd.time(7): the part that every manager can run, as lists of numbers. What is not understood is
# told with `problem`, never guessed.
{ lib }:
let
  shorthands = {
    minutely = "*-*-* *:*:00";
    hourly = "*-*-* *:00:00";
    daily = "*-*-* 00:00:00";
    weekly = "Mon *-*-* 00:00:00";
    monthly = "*-*-01 00:00:00";
    quarterly = "*-01,04,07,10-01 00:00:00";
    semiannually = "*-01,07-01 00:00:00";
    yearly = "*-01-01 00:00:00";
    annually = "*-01-01 00:00:00";
  };
  names = [ "sunday" "monday" "tuesday" "wednesday" "thursday" "friday" "saturday" ];
  weekday = text:
    let found = builtins.filter (n: let name = builtins.elemAt names n; in text == name || text == builtins.substring 0 3 name) (lib.range 0 6); in
    if found == [ ] then null else builtins.head found;

  number = text: builtins.fromJSON (builtins.head (builtins.match "0*([0-9]+)" text));
  joined = numbers: lib.concatMapStringsSep "," toString (builtins.sort builtins.lessThan (lib.unique numbers));
  step = from: to: by: builtins.genList (i: from + i * by) ((to - from) / by + 1);

  # "a", "a..b", "a/n", "a..b/n" -> numbers, or null. A repetition without an end goes as far as the field does.
  item = low: high: text:
    let
      m = builtins.match "([0-9]{1,2})([.][.]([0-9]{1,2}))?(/([0-9]{1,3}))?" text;
      at = n: let v = builtins.elemAt m n; in if v == null then null else number v;
      from = at 0;
      by = if at 4 == null then 1 else at 4;
      to = if at 2 != null then at 2 else if at 4 != null then high else from;
    in
    if m == null || from < low || to > high || from > to || by == 0 then null else step from to by;
  list = low: high: text:
    let found = map (item low high) (lib.splitString "," text); in
    if text == "*" then "*" else if builtins.elem null found then null else joined (builtins.concatLists found);

  days = text:
    let
      one = part:
        let
          ends = map weekday (lib.splitString ".." part);
          from = builtins.head ends;
          to = lib.last ends;
        in
        if builtins.length ends > 2 || builtins.elem null ends then
          null
        # A week starts on Monday here: Sunday ends a range.
        else if builtins.length ends == 2 then
          let first = if from == 0 then 7 else from; end = if to == 0 then 7 else to; in
          if first > end then null else map (n: if n == 7 then 0 else n) (lib.range first end)
        else
          [ from ];
      found = map one (lib.splitString "," text);
    in
    if builtins.elem null found then null else joined (builtins.concatLists found);

  read = text:
    let
      lower = lib.toLower text;
      words = builtins.filter (word: word != "") (lib.splitString " " lower);
      utc = words != [ ] && lib.last words == "utc";
      given = if utc then lib.init words else words;
      spelled = if builtins.length given == 1 && shorthands ? ${builtins.head given} then read shorthands.${builtins.head given} else null;
      isWeekday = word: builtins.match "[a-z].*" word != null;
      isTime = word: lib.hasInfix ":" word;
      only = keep: builtins.filter keep given;
      dates = only (word: !(isWeekday word) && !(isTime word));
      # Day of the week, date, time: in this order, each at most once.
      inOrder = given == only isWeekday ++ dates ++ only isTime
        && builtins.all (part: builtins.length part <= 1) [ (only isWeekday) dates (only isTime) ];
      first = default: part: if part == [ ] then default else builtins.head part;
      date = builtins.match "([*]-)?([^-]+)-([^-]+)" (first "*-*-*" dates);
      time = builtins.match "([^:]+):([^:]+)(:([^:]+))?" (first "00:00:00" (only isTime));
      fields = {
        weekdays = if only isWeekday == [ ] then "*" else days (builtins.head (only isWeekday));
        months = list 1 12 (builtins.elemAt date 1);
        days = list 1 31 (builtins.elemAt date 2);
        hours = list 0 23 (builtins.elemAt time 0);
        minutes = list 0 59 (builtins.elemAt time 1);
        seconds = let s = builtins.elemAt time 3; in list 0 59 (if s == null then "00" else s);
      };
    in
    if spelled != null then
      spelled // { zone = if utc then "UTC" else ""; }
    else if given == [ ] || !inOrder || date == null || time == null || builtins.elem null (builtins.attrValues fields) then
      null
    else
      fields // { zone = if utc then "UTC" else ""; };
in
{
  fields = [ "weekdays" "months" "days" "hours" "minutes" "seconds" "zone" ];
  # The lists of an expression, each as numbers joined by commas or `*`; Sunday is 0.
  parse = read;
  understood = text: read text != null;
}
