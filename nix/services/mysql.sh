# Before MariaDB starts: its data exist, and its superuser is whom the environment runs as.
# Gets data, ensure, init, log; sh -e.

# The user's name is known only here, and it is another one when the data have moved to another host.
me=$(id -un)
# The server gives up at the first statement that fails, so this comes before what the project asks for.
cat - "$ensure" > "$init" << END
CREATE USER IF NOT EXISTS '$me'@'localhost' IDENTIFIED VIA unix_socket;
GRANT ALL PRIVILEGES ON *.* TO '$me'@'localhost' WITH GRANT OPTION;
END

# Made beside its place and moved there when it is whole: a first start that is killed is done again.
if [ ! -e "$data" ]; then
  echo "mysql: making the database in $data"
  rm -rf "$data.new"
  mariadb-install-db --no-defaults --force --datadir="$data.new" --skip-test-db --skip-name-resolve \
    --auth-root-authentication-method=socket --auth-root-socket-user="$me" \
    --innodb-flush-method=nosync --innodb-flush-log-at-trx-commit=0 > "$log" 2>&1 || {
    cat "$log"
    exit 1
  }
  sync -f "$data.new"
  mv "$data.new" "$data"
fi
