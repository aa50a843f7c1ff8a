-- A column that is computed from the record is computed anew, from the whole of it, at every update of a run; a tenant never changes.
ALTER TABLE runs DROP COLUMN tenant;
ALTER TABLE runs ADD COLUMN tenant TEXT NOT NULL DEFAULT 'default';
UPDATE runs SET tenant = record ->> '$.tenant' WHERE record ->> '$.tenant' <> 'default';
