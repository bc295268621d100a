# The server of nginx for a PHP program with one front script, shared by all that are such programs.
{ root, socket, front ? "/index.php", maxRequestSize }:
{
  inherit root;
  extraConfig = ''
    index index.php index.html;
    client_max_body_size ${maxRequestSize};
  '';
  locations = {
    "/".tryFiles = "$uri $uri/ ${front}$is_args$args";
    # Files that begin with a dot are the project's own, but for what is published on purpose (RFC 8615).
    "~ /\\.(?!well-known/)" = { priority = 100; return = 404; };
    "~ \\.php(/|$)" = {
      fastcgiPass = "unix:${socket}";
      fastcgiParams.PATH_INFO = "$path_info";
      # Only files that are there are handed to PHP. try_files forgets the second half of the split, hence the variable.
      extraConfig = ''
        fastcgi_split_path_info ^(.+?\.php)(/.*)$;
        set $path_info $fastcgi_path_info;
        try_files $fastcgi_script_name =404;
      '';
    };
  };
}
