// The schema, as the steps that lead to it. A step is never edited once released; a new one is added.

export const migrations: readonly string[] = [
  `
  -- One accepted project. policy is the manifest's environments of the newest accepted canonical commit.
  CREATE TABLE project (
    name TEXT PRIMARY KEY,              -- organisation/project, normalised
    policy_commit TEXT NOT NULL,
    policy TEXT NOT NULL                -- JSON: Manifest
  ) STRICT;

  -- An environment that was switched to at least once; its user_name is reserved while the row exists.
  CREATE TABLE environment (
    project TEXT NOT NULL,
    key TEXT NOT NULL,
    user_name TEXT NOT NULL UNIQUE,
    live INTEGER,                       -- release number, NULL: stopped or never live
    broken TEXT,                        -- why an undo failed, NULL: not broken
    PRIMARY KEY (project, key)
  ) STRICT;

  -- One attempt, numbered by arrival. stage: received built switching switched committed done failed.
  CREATE TABLE deploy (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    unit INTEGER,                       -- first deploy of those that become live together (--atomic)
    project TEXT NOT NULL,
    key TEXT,
    ref TEXT NOT NULL,
    old TEXT NOT NULL,
    new TEXT NOT NULL,
    tree TEXT,
    pusher TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    repository TEXT NOT NULL,           -- where receive-pack works: the project's, or a temporary one
    stage TEXT NOT NULL,
    reason TEXT,
    out TEXT,
    release INTEGER,
    previous_release INTEGER,
    previous_generation INTEGER,
    generation INTEGER,
    cur TEXT,                           -- the ref's value under the lock
    received_at TEXT NOT NULL,
    finished_at TEXT,
    stages TEXT NOT NULL DEFAULT '{}'   -- JSON: stage -> milliseconds
  ) STRICT;
  CREATE INDEX deploy_environment ON deploy (project, key, id);
  CREATE INDEX deploy_ref ON deploy (project, ref, id);
  CREATE INDEX deploy_open ON deploy (stage) WHERE stage NOT IN ('done', 'failed');

  CREATE TABLE release (
    project TEXT NOT NULL,
    key TEXT NOT NULL,
    n INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    commit_oid TEXT NOT NULL,
    tree TEXT NOT NULL,
    store_path TEXT NOT NULL,
    by TEXT NOT NULL,
    at TEXT NOT NULL,
    label TEXT,
    deploy INTEGER NOT NULL REFERENCES deploy (id),
    stages TEXT NOT NULL,
    ports TEXT NOT NULL DEFAULT '',     -- TCP ports that it was found to listen on
    PRIMARY KEY (project, key, n)
  ) STRICT;

  -- Source trees that are in the store: at most one copy per git tree.
  CREATE TABLE tree (
    tree TEXT PRIMARY KEY,
    store_path TEXT NOT NULL
  ) STRICT;
  `,
  `
  -- The pattern that a preview was made by, NULL: a declared environment.
  ALTER TABLE environment ADD COLUMN preview TEXT;
  `,
  `
  -- What a deploy is: a push, or a change without one, whose ref is '' and whose old and new are what was and is to be live.
  ALTER TABLE deploy ADD COLUMN kind TEXT NOT NULL DEFAULT 'push';

  ALTER TABLE release ADD COLUMN closure_bytes INTEGER;
  ALTER TABLE release ADD COLUMN since TEXT;      -- JSON: what changed since the release that was live before
  ALTER TABLE release ADD COLUMN collected TEXT;  -- when it was dropped, NULL: one can go back to it

  -- Tags that were released. The pair of name and commit holds for ever.
  CREATE TABLE tag (
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    commit_oid TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (project, name)
  ) STRICT;

  -- What an evaluation answered, by everything that it depends on: the same again needs no Nix.
  CREATE TABLE evaluation (
    id TEXT PRIMARY KEY,
    answer TEXT NOT NULL,               -- JSON
    used_at TEXT NOT NULL
  ) STRICT;
  `,
  `
  -- How long an environment lives (src/state/lifetimes.ts). Times are ISO 8601, UTC.
  ALTER TABLE environment ADD COLUMN expires_at TEXT;     -- of a preview, NULL: never
  ALTER TABLE environment ADD COLUMN wakes INTEGER;       -- paused: the release that comes back, NULL: not paused
  ALTER TABLE environment ADD COLUMN paused_by TEXT;
  ALTER TABLE environment ADD COLUMN goes_at TEXT;        -- when it goes with its data, NULL: it stays
  `,
  `
  -- Who may log in, beside the configuration file, which wins where both say something.
  CREATE TABLE person (
    name TEXT PRIMARY KEY,
    administrator INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE person_key (
    fingerprint TEXT PRIMARY KEY,
    name TEXT NOT NULL,                 -- of a person here or in the file
    line TEXT NOT NULL                  -- as in authorized_keys(5)
  ) STRICT;
  CREATE TABLE project_access (
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,                 -- viewer deployer maintainer administrator
    PRIMARY KEY (project, name)
  ) STRICT;
  -- Projects that were made by word: a maintainer may make their first push.
  CREATE TABLE added_project (
    name TEXT PRIMARY KEY
  ) STRICT;
  -- A project that was renamed or removed in the record, and whose files still have to follow. new_name NULL: removed.
  CREATE TABLE moving_project (
    old_name TEXT PRIMARY KEY,
    new_name TEXT,
    user_names TEXT NOT NULL            -- JSON: old user name -> new one, or null
  ) STRICT;

  -- One decision about who may do what. allowed 0 or 1.
  CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    origin TEXT NOT NULL,               -- address and port
    action TEXT NOT NULL,
    project TEXT,
    key TEXT,
    subject TEXT,                       -- what exactly: a ref and a commit, a command, a socket
    allowed INTEGER NOT NULL,
    why TEXT NOT NULL
  ) STRICT;
  CREATE INDEX audit_project ON audit (project, id);
  `,
  `
  -- How large a source tree is as an archive; NULL: nobody looked.
  ALTER TABLE tree ADD COLUMN bytes INTEGER;
  `,
  `
  -- Whether a release answered on a socket when it became live: 0 or 1, NULL where nobody asked.
  ALTER TABLE release ADD COLUMN answers INTEGER;
  `,
]
