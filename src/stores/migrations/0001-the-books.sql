-- The books of the gateway: accounts, meters, money, commands, readings, and what is still to be told.
-- Why: the meter is the fact, these rows are the memory, and the queue only wakes workers.

CREATE TABLE accounts (
  account      text PRIMARY KEY,
  name         text NOT NULL,
  class        text NOT NULL,
  mode         text NOT NULL CHECK (mode IN ('local', 'remote')),
  tariff       text NOT NULL,
  created_at   timestamptz NOT NULL
);

CREATE TABLE meters (
  address          text PRIMARY KEY CHECK (address ~ '^[0-9]{12}$'),
  meter_number     text NOT NULL,
  customer_number  text NOT NULL,
  account          text REFERENCES accounts,
  bus              text NOT NULL,
  model            text NOT NULL,
  active           boolean NOT NULL,
  identity         text NOT NULL DEFAULT 'unread' CHECK (identity IN ('unread', 'confirmed', 'quarantined')),
  identity_note    text,
  identity_at      timestamptz,
  relay_reported   text NOT NULL DEFAULT 'unknown' CHECK (relay_reported IN ('unknown', 'connected', 'armed', 'disconnected')),
  relay_word       integer,
  relay_protected  boolean NOT NULL DEFAULT false,
  relay_at         timestamptz,
  relay_desired    text CHECK (relay_desired IN ('connected', 'armed', 'disconnected')),
  cut_by           text CHECK (cut_by IN ('person', 'rule')),
  created_at       timestamptz NOT NULL
);
CREATE UNIQUE INDEX one_meter_per_account ON meters (account) WHERE active;

-- Money. Entries are added, never changed; a mistake is corrected by a further entry.
CREATE TABLE ledger_entries (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind       text NOT NULL CHECK (kind IN ('payment', 'hold', 'settle', 'release', 'charge', 'correction')),
  reference  text NOT NULL,
  closes     text UNIQUE,            -- the hold that a settle or release closes: once, whichever comes first
  at         timestamptz NOT NULL,
  note       text,
  UNIQUE (kind, reference)
);
CREATE TABLE ledger_legs (
  entry   bigint NOT NULL REFERENCES ledger_entries,
  book    text NOT NULL,
  amount  bigint NOT NULL CHECK (amount <> 0),
  PRIMARY KEY (entry, book)
);
CREATE INDEX ledger_legs_by_book ON ledger_legs (book, entry);

-- What the legs of a customer's books add up to; kept beside them so that a balance is one row, locked while it changes.
CREATE TABLE ledger_positions (
  book    text PRIMARY KEY,
  amount  bigint NOT NULL
);

CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ledger rows are never changed or deleted; correct a mistake by a further entry';
END $$;
CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE ON ledger_entries FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER legs_append_only BEFORE UPDATE OR DELETE ON ledger_legs FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();

CREATE FUNCTION legs_sum_to_zero() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT sum(amount) FROM ledger_legs WHERE entry = NEW.entry) <> 0 THEN
    RAISE EXCEPTION 'the legs of ledger entry % do not sum to zero', NEW.entry;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER legs_balance AFTER INSERT ON ledger_legs DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION legs_sum_to_zero();

CREATE TABLE payments (
  id          uuid PRIMARY KEY,
  account     text NOT NULL REFERENCES accounts,
  amount      bigint NOT NULL CHECK (amount > 0),
  channel     text NOT NULL,
  order_id    text NOT NULL,
  state       text NOT NULL CHECK (state IN ('taken', 'allocated', 'unallocated', 'disputed', 'refunded')),
  command     uuid,
  created_at  timestamptz NOT NULL,
  UNIQUE (channel, order_id)
);
CREATE INDEX payments_by_account ON payments (account, id);

CREATE TABLE commands (
  id               uuid PRIMARY KEY,
  kind             text NOT NULL,
  effect           text NOT NULL CHECK (effect IN ('sets', 'adds', 'reads')),
  meter            text NOT NULL REFERENCES meters,
  account          text REFERENCES accounts,
  payment          uuid REFERENCES payments,
  params           jsonb NOT NULL,
  asked_by         text NOT NULL CHECK (asked_by IN ('person', 'rule', 'payment')),
  reason           text NOT NULL,
  state            text NOT NULL CHECK (state IN ('accepted', 'queued', 'sending', 'verifying', 'confirmed', 'refused', 'expired', 'cancelled', 'unanswered', 'disputed')),
  waiting_for      text,
  because          text,
  fence            integer NOT NULL DEFAULT 0,
  looks            integer NOT NULL DEFAULT 0,
  created_at       timestamptz NOT NULL,
  not_after        timestamptz NOT NULL,
  look_at          timestamptz,       -- when a worker should look at it again; null when it has ended
  sent_at          timestamptz,
  acknowledged_at  timestamptz,
  verified_at      timestamptz,
  ended_at         timestamptz,
  receipt          jsonb
);
CREATE INDEX commands_open ON commands (look_at) WHERE ended_at IS NULL;
CREATE INDEX commands_by_meter ON commands (meter, id);
CREATE INDEX commands_by_state ON commands (state, id);
-- A second top-up may not leave while nobody knows what became of the first one: the purchase count could not tell them apart.
CREATE UNIQUE INDEX one_adding_command_on_the_wire ON commands (meter) WHERE effect = 'adds' AND state IN ('sending', 'verifying', 'disputed');

CREATE TABLE attempts (
  command  uuid NOT NULL REFERENCES commands,
  number   integer NOT NULL,
  fence    integer NOT NULL,
  at       timestamptz NOT NULL,
  before   jsonb NOT NULL,            -- what the look showed, and what was chosen from it: written before the first byte
  outcome  text NOT NULL,
  frames   jsonb NOT NULL DEFAULT '[]',
  PRIMARY KEY (command, number)
);

CREATE TABLE readings (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  meter     text NOT NULL REFERENCES meters,
  item      text NOT NULL,
  value     text,
  unit      text,
  taken_at  timestamptz NOT NULL,
  source    text NOT NULL,
  suspect   text                      -- why this reading cannot be believed; such a reading charges nobody
);
CREATE INDEX readings_by_meter ON readings (meter, item, taken_at);

CREATE TABLE latest_readings (
  meter     text NOT NULL REFERENCES meters,
  item      text NOT NULL,
  value     text,
  unit      text,
  taken_at  timestamptz NOT NULL,
  source    text NOT NULL,
  PRIMARY KEY (meter, item)
);

-- How far each remote account has been billed: a charge is round(cost of the day up to now) - round(cost up to the reading before).
CREATE TABLE billing (
  meter       text PRIMARY KEY REFERENCES meters,
  account     text NOT NULL REFERENCES accounts,
  day         text NOT NULL,
  day_start   bigint NOT NULL,        -- register at the start of the settlement day, 0.01 kWh
  billed_to   bigint NOT NULL,        -- register up to which has been charged, 0.01 kWh
  charged     bigint NOT NULL,        -- fen charged on this settlement day
  billed_at   timestamptz NOT NULL
);
CREATE TABLE billing_days (
  account  text NOT NULL REFERENCES accounts,
  meter    text NOT NULL REFERENCES meters,
  day      text NOT NULL,
  energy   bigint NOT NULL,           -- 0.01 kWh
  cost     bigint NOT NULL,           -- fen
  price    bigint NOT NULL,           -- 0.0001 yuan per kWh
  PRIMARY KEY (account, meter, day)
);

-- What the rules wanted and why: also in shadow, where nothing is cut.
CREATE TABLE intents (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  meter    text NOT NULL REFERENCES meters,
  want     text NOT NULL,
  because  text NOT NULL,
  shadow   boolean NOT NULL,
  facts    jsonb NOT NULL,
  at       timestamptz NOT NULL
);
CREATE INDEX intents_by_meter ON intents (meter, id);

-- Committed with the change that made it true, delivered at least once afterwards.
CREATE TABLE outbox (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  command  uuid,
  event    jsonb
);

CREATE TABLE idempotency_keys (
  key          text PRIMARY KEY,
  fingerprint  text NOT NULL,
  status       integer NOT NULL,
  body         jsonb NOT NULL,
  created_at   timestamptz NOT NULL
);
