# What the managers share. $1 is the package's share/hostenv: its processes.list has a line for each process, in the order of starts.
set -eu
package=$1
list=$package/processes.list
# A package that has none wants nothing to run.
[ -e "$list" ] || list=/dev/null
unchanged='' changed='' fresh='' reloaded='' removed='' report=''

fail() { echo "activate: $*" >&2; exit 1; }
# Calls a function for each process, with the fields of its line as variables.
each() {
  while read -r level name restart patience onrelease reload files definition; do "$1" </dev/null; done <"$list"
}
one_of() { case " $1 " in *" $2 "*) return 0 ;; esac; return 1; }
say() { report="$report${report:+ · }$1 $2"; }
# The first line of a file, or nothing.
first_line() { line=''; [ ! -f "$1" ] || read -r line <"$1" || :; }
# Whether the files that may change without a restart are those of $1, what they were at the last activation.
same_files() { [ "$files" = - ] || { first_line "$1" && [ "$line" = "$files" ]; }; }
# Replaces a link in one step: GNU's ln makes another one beside it and renames that.
point() { ln -sfT "$1" "$2"; }
# Brings the links that the process finds its reloadable files at, in $HOSTENV_STATE_DIR/files, to this package.
link_files() {
  [ "$files" != - ] || return 0
  [ -d "$HOSTENV_STATE_DIR/files" ] || mkdir -p "$HOSTENV_STATE_DIR/files"
  point "$files" "$HOSTENV_STATE_DIR/files/$name"
}
# For a process that goes on: its files anew, and what they need.
refresh_files() {
  link_files
  [ ! -x "$HOSTENV_STATE_DIR/files/$name/.prepare" ] || "$HOSTENV_STATE_DIR/files/$name/.prepare" >&2 ||
    fail "$name does not take its changed files"
}
release() { printf '%s\n%s\n' "${HOSTENV_RELEASE:-}" "${HOSTENV_REVISION:-}"; }
same_release() { # of the two lines in file $1
  [ "$onrelease" = - ] || {
    n='' revision=''
    [ ! -f "$1" ] || { read -r n; read -r revision; } <"$1" || :
    [ "$n/$revision" = "${HOSTENV_RELEASE:-}/${HOSTENV_REVISION:-}" ]
  }
}
