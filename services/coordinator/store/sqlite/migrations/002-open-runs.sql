-- A start goes through what is open, and a model that is announced wakes what waits for it: neither may cost more, the more
-- runs there are. Numbers are given in order, so that this index is written where it ends.
CREATE INDEX runs_open_number ON runs (number) WHERE status IN ('pending', 'running');
CREATE INDEX runs_pending ON runs (flow) WHERE status = 'pending';
