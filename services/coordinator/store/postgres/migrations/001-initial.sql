-- Control state of each run. An update changes no indexed column, so that it touches the table alone (HOT); the room for
-- that is left free on each page. The running number keeps the values of one run, and of runs of one time, together: each
-- coordinator takes numbers by the thousand.
CREATE SEQUENCE run_numbers INCREMENT BY 1000;
CREATE TABLE runs (
  id text COLLATE "C" PRIMARY KEY,
  number bigint NOT NULL,
  flow text NOT NULL,
  status text NOT NULL,
  record text NOT NULL
) WITH (fillfactor = 50);

-- What is asked about runs that are not final: small, however many runs there have been. A row goes when its run ends.
CREATE TABLE open_runs (
  id text COLLATE "C" PRIMARY KEY,
  due_ms double precision,
  -- The flow of a pending run.
  pending_flow text COLLATE "C",
  -- The coordinator that has taken the run because it is due, and until when.
  taken_by text,
  taken_until_ms double precision
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX open_runs_due ON open_runs (due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX open_runs_pending ON open_runs (pending_flow, id) WHERE pending_flow IS NOT NULL;

-- Payloads, outputs and context of runs, as JSON text: jsonb would refuse some strings and round some numbers.
CREATE TABLE run_values (
  run bigint NOT NULL,
  key text COLLATE "C" NOT NULL,
  value text NOT NULL,
  PRIMARY KEY (run, key)
);

-- Append only. One row holds the entries of one transition of one run, as a JSON list.
CREATE TABLE history (
  run bigint NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  entries text NOT NULL,
  PRIMARY KEY (run, id)
);

-- Messages that must leave; deleted once they are confirmed.
CREATE TABLE outbox (
  id text COLLATE "C" PRIMARY KEY,
  due_at_ms double precision NOT NULL,
  run_id text,
  attempt_key text,
  exchange text NOT NULL,
  routing_key text NOT NULL,
  type text NOT NULL,
  correlation_id text,
  headers text NOT NULL,
  body bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX outbox_due ON outbox (due_at_ms);

-- Flow definitions as they were published, for the runs pinned to them.
CREATE TABLE flows (
  digest text COLLATE "C" PRIMARY KEY,
  name text NOT NULL,
  version integer NOT NULL,
  document text NOT NULL
);

-- What each model's workers announced last.
CREATE TABLE manifests (
  model text COLLATE "C" NOT NULL,
  version integer NOT NULL,
  manifest text NOT NULL,
  seen_at_ms double precision NOT NULL,
  PRIMARY KEY (model, version)
);

-- One row per connection: the last transaction that committed on it. Read back when the answer to a COMMIT was lost.
CREATE TABLE commits (
  connection text COLLATE "C" PRIMARY KEY,
  mark bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 20, autovacuum_vacuum_threshold = 1000);
