-- Lists show a tenant what is its own: read out of the record, and only when somebody lists.
ALTER TABLE runs ADD COLUMN tenant TEXT GENERATED ALWAYS AS (record ->> '$.tenant') VIRTUAL;
ALTER TABLE dead_letters ADD COLUMN run_id TEXT GENERATED ALWAYS AS (record ->> '$.runId') VIRTUAL;
