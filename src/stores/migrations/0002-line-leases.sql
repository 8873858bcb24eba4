-- Who drives which line, so that several gateways may stand on one database and never two speak on one pair of wires.
-- Why: a lease lapses by itself when its holder dies or is stopped, and its number tells late work of a former holder from present work.

CREATE TABLE gateways (
  slot        integer PRIMARY KEY,    -- the smallest that was free: names the gateway's lanes in the queue
  holder      text NOT NULL,          -- one life of one process; never given again
  buses       text[] NOT NULL,        -- what its site file lets it drive
  expires_at  timestamptz NOT NULL    -- it lives until then; moments here are the database's own
);

CREATE TABLE line_leases (
  bus         text PRIMARY KEY,
  holder      text,                   -- null: given back
  fencing     bigint NOT NULL,        -- rises with each taking, and never falls
  expires_at  timestamptz NOT NULL
) WITH (fillfactor = 50);             -- renewed every few seconds: the new row finds room beside the old one

-- The number under which a worker took the command, and under which the attempt began; null in rows of before.
ALTER TABLE commands ADD COLUMN line_fencing bigint;
ALTER TABLE attempts ADD COLUMN line_fencing bigint;
