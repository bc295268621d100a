# nixpkgs' names of packages and the programs that belong to each; the first one decides whether the host has it.
let
  one = program: [ program ];
in
{
  bash = [ "bash" "sh" ];
  bashInteractive = [ "bash" "sh" ];
  busybox = one "busybox";
  caddy = one "caddy";
  cargo = one "cargo";
  composer = one "composer";
  coreutils = [
    "env" "[" "b2sum" "base32" "base64" "basename" "cat" "chgrp" "chmod" "chown" "cksum" "comm" "cp" "csplit" "cut" "date" "dd"
    "df" "dir" "dircolors" "dirname" "du" "echo" "expand" "expr" "factor" "false" "fmt" "fold" "groups" "head" "hostid" "id"
    "install" "join" "link" "ln" "logname" "ls" "md5sum" "mkdir" "mkfifo" "mknod" "mktemp" "mv" "nice" "nl" "nohup" "nproc"
    "numfmt" "od" "paste" "pathchk" "pinky" "pr" "printenv" "printf" "ptx" "pwd" "readlink" "realpath" "rm" "rmdir" "seq"
    "sha1sum" "sha224sum" "sha256sum" "sha384sum" "sha512sum" "shred" "shuf" "sleep" "sort" "split" "stat" "stdbuf" "stty" "sum"
    "sync" "tac" "tail" "tee" "test" "timeout" "touch" "tr" "true" "truncate" "tsort" "tty" "uname" "unexpand" "uniq" "unlink"
    "users" "vdir" "wc" "who" "whoami" "yes"
  ];
  curl = one "curl";
  deno = one "deno";
  diffutils = [ "diff" "cmp" "diff3" "sdiff" ];
  ffmpeg = [ "ffmpeg" "ffprobe" ];
  findutils = [ "find" "xargs" ];
  gawk = [ "gawk" "awk" ];
  git = one "git";
  gnugrep = [ "grep" "egrep" "fgrep" ];
  gnumake = one "make";
  gnused = one "sed";
  gnutar = one "tar";
  go = [ "go" "gofmt" ];
  gzip = [ "gzip" "gunzip" "zcat" ];
  iproute2 = one "ip";
  imagemagick = [ "convert" "identify" "mogrify" "magick" ];
  jq = one "jq";
  mariadb = [
    "mariadbd" "mariadb" "mariadb-admin" "mariadb-check" "mariadb-dump" "mariadb-install-db" "mariadb-upgrade" "mysqld" "mysql"
    "mysqldump" "my_print_defaults"
  ];
  netcat = one "nc";
  nginx = one "nginx";
  nodejs = [ "node" "npm" "npx" "corepack" ];
  nodejs-slim = one "node";
  openssh = [ "ssh" "ssh-keygen" "scp" ];
  openssl = one "openssl";
  perl = one "perl";
  postgresql = [ "postgres" "psql" "initdb" "pg_ctl" "pg_dump" "pg_dumpall" "pg_isready" "pg_restore" ];
  procps = [ "ps" "pgrep" "pkill" "free" ];
  python3 = [ "python3" "pydoc3" ];
  redis = [ "redis-server" "redis-cli" ];
  restic = one "restic";
  rsync = one "rsync";
  ruby = [ "ruby" "gem" "bundle" "irb" ];
  s6 = [
    "s6-svscan" "s6-supervise" "s6-svc" "s6-svscanctl" "s6-svstat" "s6-svok" "s6-svwait" "s6-svdt" "s6-svdt-clear" "s6-log"
    "s6-setlock" "s6-softlimit" "s6-envdir" "s6-notifyoncheck" "s6-ipcclient" "s6-ipcserver-socketbinder"
  ];
  socat = one "socat";
  sqlite = one "sqlite3";
  unzip = one "unzip";
  util-linux = [ "setpriv" "flock" "setsid" "unshare" ];
  valkey = [ "valkey-server" "valkey-cli" ];
  which = one "which";
  xz = [ "xz" "unxz" "xzcat" ];
  zip = one "zip";
  zstd = one "zstd";
}
