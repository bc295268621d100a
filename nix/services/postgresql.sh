# Before PostgreSQL starts: its data exist and are of its version, and so do the databases and roles that the project names.
# Gets data, socket, settings, statements, map, roles, databases; sh -e.
me=$(id -un)
for role in $roles; do printf 'environment "%s" "%s"\n' "$me" "$role"; done > "$map"

# Made beside its place and moved there when it is whole: a first start that is killed is done again.
if [ ! -e "$data" ]; then
  echo "postgresql: making the database in $data"
  rm -rf "$data.new"
  initdb -D "$data.new" --username=postgres --auth=peer --encoding=UTF8 --locale=C.UTF-8 > "$map.log" 2>&1 || {
    cat "$map.log"
    exit 1
  }
  mv "$data.new" "$data"
fi

has=$(cat "$data/PG_VERSION")
is=$(postgres --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
if [ "$has" != "$is" ]; then
  echo "postgresql: the data are of version $has and the program is of version $is."
  echo "Set services.postgresql.package to one of version $has, dump all databases (pg_dumpall), and load them into an empty $data."
  exit 1
fi

# The number in a lock left behind may be another process's by now. That no other server runs here is the manager's doing.
for lock in "$data/postmaster.pid" "$socket/.s.PGSQL.5432.lock"; do
  [ -e "$lock" ] || continue
  [ "$(cat "/proc/$(head -n 1 "$lock")/comm" 2> /dev/null)" = postgres ] || rm -f "$lock"
done

single() { postgres --single -j -D "$data" -c "config_file=$settings" -c log_min_messages=error postgres; }
if [ -n "$databases" ] || [ -s "$statements" ]; then
  # Lines like:  1: datname = "app"  (typeid = 19, …
  present=$(printf 'SELECT datname FROM pg_database;\n\n' | single | sed -n 's/.*datname = "\(.*\)"[[:space:]](typeid.*/\1/p')
  {
    for database in $databases; do
      printf '%s\n' "$present" | grep -qxF "$database" || printf 'CREATE DATABASE "%s";\n\n' "$database"
    done
    cat "$statements"
  } | single > /dev/null
fi
