-- Lists show a tenant what is its own. Neither column ever changes, so that updates of a run still touch the table alone. The
-- first of these names in a record is its own: what could hold another comes behind it, and in a text quotes are escaped.
ALTER TABLE runs
  ADD COLUMN tenant text COLLATE "C" GENERATED ALWAYS AS (substring(record from '"tenant":"([^"]*)"')) STORED;
CREATE INDEX runs_tenant ON runs (tenant, flow, stored_at, number);
DROP INDEX runs_flow;
ALTER TABLE dead_letters
  ADD COLUMN run_id text COLLATE "C" GENERATED ALWAYS AS (substring(record from '"runId":"([^"\\]*)"')) STORED;
