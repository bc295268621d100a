# What PHP programs with one front script have in common: the server of nginx, and the pool of PHP-FPM behind it.
{
  server = { root, socket, maxRequestSize }: {
    inherit root;
    extraConfig = ''
      index index.php index.html;
      client_max_body_size ${maxRequestSize};
    '';
    locations = {
      "/".tryFiles = "$uri $uri/ /index.php$is_args$args";
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
  };

  # `cfg`: the options of the program; `lines`: its own ones of php.ini.
  pool = cfg: lines: {
    inherit (cfg) phpVersion;
    extensions = cfg.phpExtensions;
    phpOptions = ''
      upload_max_filesize = ${cfg.maxRequestSize}
      post_max_size = ${cfg.maxRequestSize}
      ${lines}
      ${cfg.phpOptions}
    '';
  };
}
