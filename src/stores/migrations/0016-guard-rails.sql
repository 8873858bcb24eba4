-- Emergency stops, the brake, lists of cuts that wait for two persons, and which cuts have left.
-- Why: a mistake in a ledger must not put a street into the dark, a restart must not forget that somebody stopped it, and two gateways must
-- count as one.

CREATE TABLE cut_halts (
  id            uuid PRIMARY KEY,
  kind          text NOT NULL CHECK (kind IN ('stop', 'brake')),
  because       text NOT NULL,
  reason        text NOT NULL,
  figures       jsonb NOT NULL,          -- what was counted when it tripped
  begun_at      timestamptz NOT NULL,
  begun_by      text NOT NULL,
  asked_by      text,                    -- the first of the two who let it go
  asked_at      timestamptz,
  asked_note    text,
  released_by   text,
  released_at   timestamptz,
  released_note text,
  CHECK ((released_by IS NULL) = (released_at IS NULL)),
  CONSTRAINT two_persons_release CHECK (released_by IS NULL OR (asked_by IS NOT NULL AND asked_by <> released_by))
);
CREATE UNIQUE INDEX one_halt_stands ON cut_halts (kind) WHERE released_at IS NULL;

CREATE TABLE cut_batches (
  id            uuid PRIMARY KEY,
  state         text NOT NULL CHECK (state IN ('proposed', 'canary', 'running', 'done', 'stopped', 'lapsed', 'declined')),
  proposed_by   text NOT NULL,
  proposed_at   timestamptz NOT NULL,
  reason        text NOT NULL,
  raises_brake  boolean NOT NULL DEFAULT false,
  first_by      text,
  first_at      timestamptz,
  first_note    text,
  first_raises  boolean,
  second_by     text,
  second_at     timestamptz,
  second_note   text,
  good_until    timestamptz,
  canary        integer NOT NULL,
  version       text NOT NULL,           -- digest of the guard rails
  because       text,
  ended_at      timestamptz,
  ended_by      text,
  CONSTRAINT two_persons_cut CHECK (second_by IS NULL OR (first_by IS NOT NULL AND first_by <> second_by)),
  -- what is asked of a meter because of a list has two names on it
  CONSTRAINT nothing_runs_unapproved CHECK (state NOT IN ('canary', 'running', 'done') OR (second_by IS NOT NULL AND good_until IS NOT NULL))
);
CREATE INDEX cut_batches_open ON cut_batches (id) WHERE ended_at IS NULL;
CREATE INDEX cut_batches_ended ON cut_batches (ended_at);

CREATE TABLE cut_members (
  batch       uuid NOT NULL REFERENCES cut_batches,
  meter       text NOT NULL REFERENCES meters,
  place       bigint GENERATED ALWAYS AS IDENTITY,
  account     text NOT NULL REFERENCES accounts,
  line        text NOT NULL,
  is_canary   boolean NOT NULL DEFAULT false,
  state       text NOT NULL CHECK (state IN ('waiting', 'asked', 'cut', 'failed', 'left-out')),
  available   bigint NOT NULL,           -- fen, when it was put on the list
  read_at     timestamptz,
  noticed_at  timestamptz,
  strategy    text NOT NULL,
  facts       jsonb NOT NULL,
  command     uuid REFERENCES commands,
  because     text,
  PRIMARY KEY (batch, meter)
);
CREATE INDEX cut_members_asked ON cut_members (batch) WHERE state = 'asked';
CREATE UNIQUE INDEX cut_members_by_command ON cut_members (command) WHERE command IS NOT NULL;

-- One row for each automatic cut that left: what the brake counts.
CREATE TABLE cuts_left (
  command   uuid PRIMARY KEY REFERENCES commands,
  meter     text NOT NULL REFERENCES meters,
  at        timestamptz NOT NULL,
  approved  boolean NOT NULL,
  raised    boolean NOT NULL
);
CREATE INDEX cuts_left_by_time ON cuts_left (at);
CREATE INDEX cuts_left_by_meter ON cuts_left (meter);

-- Whoever brings payments in says that he has none: silence would look like a stale ledger.
CREATE TABLE payment_imports (
  channel  text PRIMARY KEY,
  at       timestamptz NOT NULL,
  by       text NOT NULL
);

CREATE INDEX automatic_cuts ON commands (created_at) WHERE kind = 'disconnect' AND asked_by = 'rule';
CREATE INDEX unsent_cuts ON commands (id) WHERE kind IN ('disconnect', 'disconnect-for') AND state IN ('accepted', 'queued');

SELECT set_config('fee_control.actor', 'migration 0016-guard-rails', true);
SELECT fee_control_audit('cut_halts', 'cuthalt', '{id}', '{}', '{figures}');
SELECT fee_control_audit('cut_batches', 'cutbatch', '{id}');
SELECT fee_control_audit('cut_members', 'cutmember', '{batch,meter}', '{place}', '{facts}');
SELECT fee_control_audit('payment_imports', 'import', '{channel}');
