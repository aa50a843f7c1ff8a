-- Runs of one flow, newest last.
CREATE INDEX runs_flow ON runs (flow);

-- Runs that ended badly, to be found among many that did not. Not an index of runs: every update of one would have to look
-- whether it belongs there.
CREATE TABLE troubled_runs (
  status TEXT NOT NULL,
  number INTEGER NOT NULL,
  flow TEXT NOT NULL,
  PRIMARY KEY (status, number)
) WITHOUT ROWID;
CREATE INDEX troubled_runs_flow ON troubled_runs (status, flow, number);
INSERT INTO troubled_runs SELECT status, number, flow FROM runs WHERE status IN ('failed', 'timed_out', 'cancelled');

-- Good answers, for whoever asks the same.
CREATE TABLE answers (
  key TEXT PRIMARY KEY,
  output TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  keep_until_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX answers_kept ON answers (keep_until_ms);

-- Who gets an answer that others wait for.
CREATE TABLE answer_claims (
  key TEXT PRIMARY KEY,
  run_id TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX answer_claims_over ON answer_claims (until_ms);

-- Calls in the queues of models that take only so many: waiting (not granted), handed a place, or using it.
CREATE TABLE places (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL,
  path TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  model TEXT NOT NULL,
  tenant TEXT NOT NULL,
  priority INTEGER NOT NULL,
  since_ms INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  granted_at_ms INTEGER,
  used INTEGER NOT NULL DEFAULT 0,
  UNIQUE (run_id, path, attempt)
);
CREATE INDEX places_waiting ON places (model, priority, tenant, since_ms) WHERE granted_at_ms IS NULL;
CREATE INDEX places_taken ON places (model) WHERE granted_at_ms IS NOT NULL;
CREATE INDEX places_unused ON places (granted_at_ms) WHERE granted_at_ms IS NOT NULL AND used = 0;

-- What the last hand-out of a model's places left behind.
CREATE TABLE meters (
  model TEXT PRIMARY KEY,
  meter TEXT NOT NULL
) WITHOUT ROWID;

-- Small documents that coordinators share.
CREATE TABLE documents (
  key TEXT PRIMARY KEY,
  document TEXT NOT NULL
) WITHOUT ROWID;

-- Messages that ended in a dead letter queue. The record is the whole of it, as JSON.
CREATE TABLE dead_letters (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  code TEXT NOT NULL,
  model TEXT,
  status TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  record TEXT NOT NULL
);
CREATE INDEX dead_letters_newest ON dead_letters (at_ms);
CREATE INDEX dead_letters_status ON dead_letters (status, at_ms);
CREATE INDEX dead_letters_kind ON dead_letters (kind, at_ms);
CREATE INDEX dead_letters_code ON dead_letters (code, at_ms);
CREATE INDEX dead_letters_model ON dead_letters (model, at_ms);
CREATE INDEX dead_letters_groups ON dead_letters (status, kind, code, model);
