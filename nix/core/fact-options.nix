# The names of the facts, declared once: of the environment being evaluated, and of each in `environments`.
{ fact }:
{
  organisation = fact "Normalised name of the organisation.";
  project = fact "Normalised name of the project.";
  environmentName = fact "Key of the environment.";
  safeEnvironmentName = fact "The key as one word of letters, digits and `-`.";
  gitRef = fact "Branch or tag that is deployed here; the key where nothing else is said.";
  userName = fact "User that the environment runs as.";
  hostname = fact "Host name under the operator's domain.";
  runtimeDir = fact "Directory for sockets and other run-time files.";
  upstreamRuntimeDir = fact "Directory of `in.sock`, the socket that HTTP requests arrive at.";
  dataDir = fact "Directory for what must be kept.";
  stateDir = fact "Directory for what the environment remembers, such as logs.";
  cacheDir = fact "Directory for what may be lost.";
}
