-- Ways to the rows that indicators rest on, by moment. What the gateway is judged by is computed from rows as they are, not from counters.
-- Why: a month of ten thousand meters has to be told while somebody waits, and without these every row of every year would be read.

-- Verified relay orders of a meter, in order: was it cut when the payment came, and when had it power again.
CREATE INDEX commands_relay_verified ON commands (meter, verified_at)
  WHERE state = 'confirmed' AND kind IN ('disconnect', 'disconnect-for', 'reconnect', 'arm');
CREATE INDEX commands_relay_asked ON commands (created_at) WHERE kind IN ('disconnect', 'disconnect-for', 'reconnect', 'arm');
CREATE INDEX commands_cut_by_rules ON commands (verified_at)
  WHERE state = 'confirmed' AND kind IN ('disconnect', 'disconnect-for') AND asked_by <> 'person';
-- What was on its way at the end of a day ended after it.
CREATE INDEX commands_by_end ON commands (ended_at) WHERE effect <> 'reads';

-- Rows lie on disk as they came: this is a thousandth of another index. Decisions have theirs since 0019.
CREATE INDEX meter_clocks_by_time ON meter_clocks USING brin (at) WITH (pages_per_range = 32);
CREATE INDEX payments_by_time ON payments (created_at);
