-- Decisions and meters' records grow old like everything else, and a day of them is looked for by its time.
-- Why: nothing thinned them, and a table that only grows is found in the tenth year.
CREATE INDEX decisions_by_time ON decisions USING brin (at);
CREATE INDEX meter_events_by_time ON meter_events USING brin (read_at);
