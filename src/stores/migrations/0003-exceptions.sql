-- What did not end well, for a person: one item each, with an owner, a next step and a closing note; and where ledger and meters last agreed.
-- Why: nothing may stay open silently, and an item is raised in the very transaction in which its cause came true.

CREATE TABLE exceptions (
  id            uuid PRIMARY KEY,
  kind          text NOT NULL,
  key           text NOT NULL,           -- what it is about; one open item each
  class         text NOT NULL CHECK (class IN ('not-told', 'late', 'wrong-action', 'device')),
  meter         text REFERENCES meters,
  account       text REFERENCES accounts,
  command       uuid REFERENCES commands,
  payment       uuid REFERENCES payments,
  order_kind    text,                    -- of the command: what a later success of the same wish closes
  because       text,
  count         integer NOT NULL DEFAULT 1, -- how often it came true while it stayed open
  owner         text NOT NULL,
  evidence      jsonb NOT NULL,          -- what was known then; frames stay with their attempts
  suggestion    jsonb,                   -- the entry that would put the books right
  opened_at     timestamptz NOT NULL,
  last_at       timestamptz NOT NULL,
  due_at        timestamptz NOT NULL,
  alarmed_at    timestamptz,             -- when it was said aloud that it is overdue
  closed_at     timestamptz,
  closed_by     text,
  closing_note  text,
  CHECK ((closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL) = (closing_note IS NULL))
);
CREATE UNIQUE INDEX exceptions_one_open ON exceptions (key) WHERE closed_at IS NULL;
CREATE INDEX exceptions_open_by_meter ON exceptions (meter) WHERE closed_at IS NULL;
CREATE INDEX exceptions_by_payment ON exceptions (payment) WHERE payment IS NOT NULL;
CREATE INDEX exceptions_by_command ON exceptions (command) WHERE command IS NOT NULL;

-- What became of an item, step by step: opened, assigned, overdue, applied, closed. Added to, never changed.
CREATE TABLE exception_steps (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  exception   uuid NOT NULL REFERENCES exceptions,
  at          timestamptz NOT NULL,
  what        text NOT NULL,
  made_by     text NOT NULL,
  from_owner  text,
  to_owner    text,
  note        text
);
CREATE INDEX exception_steps_by_exception ON exception_steps (exception, id);
CREATE FUNCTION exception_steps_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what became of an exception is never changed or deleted';
END $$;
CREATE TRIGGER steps_append_only BEFORE UPDATE OR DELETE ON exception_steps FOR EACH ROW EXECUTE FUNCTION exception_steps_are_append_only();

-- Who made a correction; null for entries that follow from payments, commands and readings.
ALTER TABLE ledger_entries ADD COLUMN made_by text;
CREATE INDEX ledger_entries_by_time ON ledger_entries (at);
CREATE INDEX payments_by_channel ON payments (channel, created_at);

-- Where ledger and meter were last found to agree, or were declared to: the next comparison counts from here.
CREATE TABLE meter_baselines (
  meter        text PRIMARY KEY REFERENCES meters,
  seen         jsonb,                    -- what the meter showed and what the books said; null where nothing was comparable yet
  compared_at  timestamptz NOT NULL      -- of the last look, also when it found a difference and the baseline stayed
);

-- Runs of the comparison, the nightly ones and those that a person asked for.
CREATE TABLE reconciliations (
  id        uuid PRIMARY KEY,
  at        timestamptz NOT NULL,
  asked_by  text NOT NULL,
  done_at   timestamptz,
  report    jsonb
);
