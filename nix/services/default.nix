# The services: each writes only `processes` and `activate`, and knows nothing of who runs them.
{
  imports = [
    ./static-site.nix
    ./node-app.nix
    ./python-app.nix
    ./php-app.nix
    ./drupal.nix
    ./nginx.nix
    ./phpfpm.nix
    ./postgresql.nix
    ./mysql.nix
    ./redis.nix
    ./cron.nix
    ./restic.nix
  ];
}
