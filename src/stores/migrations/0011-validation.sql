-- What is believed of each meter's registers, what is doubted, its days, and what persons entered.
-- Why: a reading may be kept and still not be true; bills and cuts live on what was believed, and only a person gets past a doubt.

CREATE TABLE believed_registers (
  meter            text PRIMARY KEY REFERENCES meters,
  taken_at         timestamptz NOT NULL,
  register         bigint NOT NULL,       -- as the meter shows it, 0.01 kWh
  shift            bigint NOT NULL,       -- counted = register + shift: it changes where a register begins anew
  rates            bigint[],              -- by rate, the first one first
  rate_shifts      bigint[] NOT NULL,
  rates_at         timestamptz,           -- polls bring no rates, midnights do
  exported         bigint,
  exported_shift   bigint,
  exported_at      timestamptz,
  advanced_at      timestamptz NOT NULL,  -- when the count was first seen where it stands
  cut_counted      bigint,                -- where it stood when the supply was first seen disconnected
  cut_since        timestamptz,
  vouched_counted  bigint,                -- where a person last said that so much is right
  vouched_at       timestamptz
);

CREATE TABLE reading_doubts (
  meter     text PRIMARY KEY REFERENCES meters,
  doubt     text NOT NULL,
  item      text NOT NULL,
  register  bigint,                       -- null: it was no number
  taken_at  timestamptz NOT NULL,
  source    text NOT NULL,
  open      boolean NOT NULL,             -- nothing newer was believed since
  times     integer NOT NULL
);
CREATE INDEX reading_doubts_open ON reading_doubts (meter) WHERE open;

-- Where the count of each meter stood first and last on each of its days: what is typical is told from these, and what comes late fits between.
CREATE TABLE meter_days (
  meter          text NOT NULL REFERENCES meters,
  day            text NOT NULL,
  first_at       timestamptz NOT NULL,
  first_counted  bigint NOT NULL,
  first_shift    bigint NOT NULL,
  last_at        timestamptz NOT NULL,
  last_counted   bigint NOT NULL,
  last_shift     bigint NOT NULL,
  PRIMARY KEY (meter, day)
);

CREATE TABLE reading_entries (
  id        uuid PRIMARY KEY,
  meter     text NOT NULL REFERENCES meters,
  kind      text NOT NULL CHECK (kind IN ('accept', 'correct', 'estimate', 'rebase')),
  register  bigint NOT NULL,
  counted   bigint NOT NULL,
  taken_at  timestamptz NOT NULL,
  reason    text NOT NULL,
  made_by   text NOT NULL,
  at        timestamptz NOT NULL,
  basis     text
);
CREATE INDEX reading_entries_by_meter ON reading_entries (meter, id);

-- What was believed before this table was: the newest reading of each meter goes on to be what the next is judged by.
INSERT INTO believed_registers (meter, taken_at, register, shift, rate_shifts, advanced_at)
  SELECT meter, taken_at, replace(value, '.', '')::bigint, 0, '{}', taken_at FROM latest_readings
   WHERE item = 'importedEnergy' AND value ~ '^[0-9]+[.][0-9]{2}$';

SELECT set_config('fee_control.actor', 'migration 0011-validation', true);
SELECT fee_control_audit('reading_entries', 'entered', '{id}');
