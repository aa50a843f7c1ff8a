-- Control state of each run. Run ids are random; the running number keeps what is open at the same time on the same few
-- pages, so that a commit writes few of them.
CREATE TABLE runs (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  flow TEXT NOT NULL,
  status TEXT NOT NULL,
  due_ms INTEGER,
  record TEXT NOT NULL
);
CREATE INDEX runs_open ON runs (due_ms) WHERE status IN ('pending', 'running');

-- Payloads, outputs and context of runs, as JSON.
CREATE TABLE run_values (
  run INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run, key)
) WITHOUT ROWID;

-- Append only. One row holds the entries of one transition of one run, as a JSON list.
CREATE TABLE history (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  entries TEXT NOT NULL
);
CREATE INDEX history_run ON history (run);

-- Messages that must leave; deleted once they are confirmed.
CREATE TABLE outbox (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  due_at_ms INTEGER NOT NULL,
  run_id TEXT,
  attempt_key TEXT,
  exchange TEXT NOT NULL,
  routing_key TEXT NOT NULL,
  type TEXT NOT NULL,
  correlation_id TEXT,
  headers TEXT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX outbox_due ON outbox (due_at_ms);

-- Flow definitions as they were published, for the runs pinned to them.
CREATE TABLE flows (
  digest TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  document TEXT NOT NULL
) WITHOUT ROWID;

-- What each model's workers announced last.
CREATE TABLE manifests (
  model TEXT NOT NULL,
  version INTEGER NOT NULL,
  manifest TEXT NOT NULL,
  seen_at_ms INTEGER NOT NULL,
  PRIMARY KEY (model, version)
) WITHOUT ROWID;

-- At most one row: the process that owns this file.
CREATE TABLE lease (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  token TEXT NOT NULL,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL
);
