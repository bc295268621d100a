# The names that follow from (organisation, project, key): the receiver computes the same ones and refuses a difference.
let
  inherit (builtins) concatStringsSep elemAt filter foldl' genList hashString head isString length match replaceStrings split stringLength substring;
  letters = s: genList (i: substring i 1 s) (stringLength s);
  lower = replaceStrings (letters "ABCDEFGHIJKLMNOPQRSTUVWXYZ") (letters "abcdefghijklmnopqrstuvwxyz");
  words = s: filter (w: isString w && w != "") (split "[^a-z0-9]+" (lower s));
  afterSlash = s: let parts = filter isString (split "/" s); in elemAt parts (length parts - 1);
in
rec {
  # Lower case, every character outside [a-z0-9] dropped: "Acme-Inc" is "acmeinc".
  normalise = s: concatStringsSep "" (words s);

  # Of the part after the last "/": whole words up to 11 characters in all; a longer first word is cut; "x" for nothing.
  slug = s:
    let
      ws = words (afterSlash s);
      fits = foldl' (
        acc: w:
        if acc.full || stringLength acc.text + 1 + stringLength w > 11 then
          acc // { full = true; }
        else
          acc // { text = "${acc.text}-${w}"; }
      ) { text = substring 0 11 (head ws); full = false; } (builtins.tail ws);
    in
    if ws == [ ] then "x" else fits.text;

  # The whole key as one word for file names and labels: "feature/foo" is "feature-foo".
  safeEnvironmentName = key: let ws = words key; in if ws == [ ] then "x" else concatStringsSep "-" ws;

  userName = organisation: project: key:
    "${slug project}-${slug key}-${substring 0 7 (hashString "sha256" "${organisation}-${project}-${key}\n")}";

  environmentFacts = site: key: gitRef:
    let
      organisation = normalise site.organisation;
      project = normalise site.project;
      user = userName organisation project key;
      state = "${site.stateRoot}/env/${user}";
    in
    {
      inherit organisation project gitRef;
      environmentName = key;
      safeEnvironmentName = safeEnvironmentName key;
      userName = user;
      hostname = "${user}.${site.domain}";
      runtimeDir = "${site.runtimeRoot}/user/${user}";
      upstreamRuntimeDir = "${site.runtimeRoot}/upstream/${user}";
      dataDir = "${state}/data";
      stateDir = "${state}/state";
      cacheDir = "${state}/cache";
    };
}
