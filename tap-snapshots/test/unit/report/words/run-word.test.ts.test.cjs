/* IMPORTANT
 * This snapshot file is auto-generated, but designed for humans.
 * It should be checked into source control and tracked carefully.
 * Re-generate by setting TAP_SNAPSHOT=1 and running tests.
 * Make sure to inspect the output below.  Do not ignore changes!
 */
'use strict'
exports[`test/unit/report/words/run-word.test.ts > TAP > whoami and help > must match snapshot 1`] = `
Push a branch to get its environment. Over SSH there are these words:

  envs [-p ORG/PROJECT] [--watch] [--json]
      list the environments
  open ENV [-p ORG/PROJECT] [--json]
      print the address of an environment
  releases [ENV [N]] [-p ORG/PROJECT] [--json]
      list the releases of an environment, newest first, or show one in
      detail
  logs DEPLOY|ENV [PROCESS] [--follow] [--lines N] [-p ORG/PROJECT]
    [--json]
      print the log of a deploy (d41), of the newest deploy of an
      environment, or of a process
  ps ENV [-p ORG/PROJECT] [--json]
      list the processes of an environment
  run ENV [-p ORG/PROJECT] -- COMMAND…
      run a command in an environment, with its variables and data; ssh
      -t gives it a terminal
  restart ENV [PROCESS] [-p ORG/PROJECT] [--json]
      restart the processes of an environment, or one of them
  rollback ENV [N] [-p ORG/PROJECT] [--json]
      go back to release N, or to the one that was live before
  redeploy ENV [--pushed] [-p ORG/PROJECT] [--json]
      activate the live release anew; this also mends a broken
      environment
  cancel DEPLOY [--json]
      cancel a deploy that has not switched yet
  renew ENV [--ttl 7d] [-p ORG/PROJECT] [--json]
      give a preview its time anew, or another time; at most what its
      pattern says
  pause ENV [--confirm ENV] [-p ORG/PROJECT] [--json]
      stop the services of an environment and keep everything else
  wake ENV [-p ORG/PROJECT] [--json]
      start a paused environment again; this renews a preview
  destroy ENV [--confirm ENV] [-p ORG/PROJECT] [--json]
      tear down a preview, or stop an environment, and delete its
      branch
  access ORG/PROJECT [USER ROLE|none] [--json]
      who is what in a project; roles are viewer, deployer, maintainer,
      administrator
  audit [ENV] [-p ORG/PROJECT] [--lines N] [--json]
      what was decided about who may do what; for maintainers, and of
      everything for administrators
  users [list | add NAME [--administrator] | remove NAME] [--json]
      who may log in; for administrators
  keys [list [USER] | add USER [KEY] | remove FINGERPRINT] [--json]
      whose keys are known; add reads one from its input: keys add USER
      < FILE.pub
  projects [list | add NAME | rename NAME NEW | remove NAME
    [--confirm NAME]] [--json]
      the projects of this receiver (ORG/PROJECT); for administrators
  whoami [--json]
      show who you are here
  help [WORD] [--json]
      show this text

ENV is     KEY, ORG/PROJECT:KEY, or KEY -p ORG/PROJECT
DEPLOY is  the number that a push prints, such as d41

`
