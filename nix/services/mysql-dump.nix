# Lines of shell that write a database of `services.mysql` to a file, whole or not at all.
{ lib }:
{ mysql, database, file }:
''
  mkdir -p "$(dirname "${file}")"
  ${lib.getExe' mysql.package "mariadb-dump"} --no-defaults --socket="${mysql.socket}" --single-transaction --quick --routines \
    --result-file="${file}.new" ${lib.escapeShellArg database}
  mv "${file}.new" "${file}"
''
