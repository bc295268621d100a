{ pkgs, ... }:
{
  environments.main.type = "production";
  environments.staging.type = "testing";

  # Every branch below feature/ gets an environment of its own for two weeks after its last push.
  previews."feature/*" = { extends = "staging"; ttl = "14d"; };

  # What runs in each of them: one process that answers HTTP at this socket. Services write such records for you
  # (`services.node-app`, `services.php-app`, …): docs/reference/options.md lists them.
  processes.web = {
    command = [ "${pkgs.nodejs}/bin/node" "${../server.js}" ];
    listen.socket = "$HOSTENV_UPSTREAM_DIR/in.sock";
  };
}
