-- Settlement days that can be settled anew: what was seen of each day stands beside its bill, and the bill follows from it.
-- Why: a day ends at the meter's own midnight, which may be heard of later; until then its bill is provisional.

ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_kind_check;
ALTER TABLE ledger_entries ADD CONSTRAINT ledger_entries_kind_check
  CHECK (kind IN ('payment', 'hold', 'settle', 'release', 'charge', 'feed-in', 'correction', 'refund', 'payout'));

ALTER TABLE billing
  ADD COLUMN stretch  bigint NOT NULL DEFAULT 0,      -- names the time during which the meter is this account's; 0: it began under an older program
  ADD COLUMN begun    text,                           -- its first day
  ADD COLUMN closed   boolean NOT NULL DEFAULT false; -- the account has another meter now
UPDATE billing SET begun = day;
ALTER TABLE billing ALTER COLUMN begun SET NOT NULL;

ALTER TABLE billing_days
  ADD COLUMN stretch        bigint NOT NULL DEFAULT 0,
  ADD COLUMN seen           jsonb NOT NULL DEFAULT '{}', -- by track (total, rates, exported): registers at midnight, first and last of the day
  ADD COLUMN from_total     bigint NOT NULL DEFAULT 0,   -- registers from and to which the day counts, 0.01 kWh; null: not known
  ADD COLUMN from_rates     bigint[],
  ADD COLUMN from_exported  bigint,
  ADD COLUMN to_total       bigint NOT NULL DEFAULT 0,
  ADD COLUMN to_rates       bigint[],
  ADD COLUMN to_exported    bigint,
  ADD COLUMN start_by       text NOT NULL DEFAULT 'begin' CHECK (start_by IN ('begin', 'midnight', 'reading', 'spread')),
  ADD COLUMN end_by         text DEFAULT 'close' CHECK (end_by IN ('midnight', 'reading', 'spread', 'close')), -- null: it is the newest
  ADD COLUMN rates          bigint[],                    -- energy by rate
  ADD COLUMN exported       bigint,
  ADD COLUMN tariff         text,                        -- null: billed by an older program, and left as it was
  ADD COLUMN version        text,
  ADD COLUMN parts          jsonb NOT NULL DEFAULT '{"rates": [], "steps": []}', -- energy, price and millionths of a yuan
  ADD COLUMN used_before    bigint NOT NULL DEFAULT 0,
  ADD COLUMN micro          bigint NOT NULL DEFAULT 0,   -- exact cost, millionths of a yuan
  ADD COLUMN micro_before   bigint NOT NULL DEFAULT 0,   -- of the account's earlier stretches of this day: a day is rounded once
  ADD COLUMN feed_in        bigint NOT NULL DEFAULT 0,   -- fen that reverse energy earned
  ADD COLUMN feed_in_micro  bigint NOT NULL DEFAULT 0,
  ADD COLUMN feed_in_before bigint NOT NULL DEFAULT 0,
  ADD COLUMN rates_missing  boolean NOT NULL DEFAULT false,
  ADD COLUMN estimated      boolean NOT NULL DEFAULT false,
  ADD COLUMN settled_by     text DEFAULT 'readings' CHECK (settled_by IN ('midnights', 'readings')), -- null: provisional
  ADD COLUMN revision       integer NOT NULL DEFAULT 0,
  ALTER COLUMN price DROP NOT NULL,
  DROP CONSTRAINT billing_days_pkey,
  ADD PRIMARY KEY (meter, stretch, day, account);
CREATE INDEX billing_days_by_account ON billing_days (account, day);
CREATE INDEX billing_days_without_rates ON billing_days (meter) WHERE rates_missing;

-- What an older program billed was rounded to fen as it was.
UPDATE billing_days SET micro = cost * 10000;

-- The day that was open goes on as the first of a stretch: from its start to where it was billed, at its account's tariff.
INSERT INTO billing_days (account, meter, day, energy, cost)
  SELECT account, meter, day, billed_to - day_start, charged FROM billing ON CONFLICT DO NOTHING;
UPDATE billing_days d
   SET from_total = b.billed_to - d.energy, to_total = b.billed_to, micro = d.cost * 10000,
       seen = jsonb_build_object('total', jsonb_build_object('first', jsonb_build_array(b.billed_to::text), 'last', jsonb_build_array(b.billed_to::text))),
       tariff = a.tariff, end_by = NULL, settled_by = NULL
  FROM billing b JOIN accounts a ON a.account = b.account
 WHERE d.meter = b.meter AND d.account = b.account AND d.day = b.day;

-- Invoice and tax fields as whoever paid gave them: they come back unchanged.
ALTER TABLE payments ADD COLUMN invoice jsonb;

SELECT set_config('fee_control.actor', 'migration 0009-settlement', true);
SELECT fee_control_audit('payments', 'payment', '{id}');

-- From here on a row says all of this itself.
ALTER TABLE billing_days
  ALTER COLUMN stretch DROP DEFAULT, ALTER COLUMN start_by DROP DEFAULT, ALTER COLUMN end_by DROP DEFAULT, ALTER COLUMN settled_by DROP DEFAULT;
