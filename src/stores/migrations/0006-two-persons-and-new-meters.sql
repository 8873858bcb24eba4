-- Commands that need a second person, meters that take another's place, accounts whose mode was switched at the meter.
-- Why: what wipes or moves money wants two names, and a site file that was not edited must not undo what happened on the wall.

ALTER TABLE commands
  ADD COLUMN asked_by_name   text,                            -- name of the key with which it was asked for
  ADD COLUMN needs_approval  boolean NOT NULL DEFAULT false,
  ADD COLUMN approved_by     text,
  ADD COLUMN approved_at     timestamptz,
  ADD COLUMN approval_note   text,
  ADD CONSTRAINT two_persons CHECK (approved_by IS NULL OR (asked_by_name IS NOT NULL AND approved_by <> asked_by_name)),
  -- Held here too, far from the code that asks: nothing that needs a second person leaves without one.
  ADD CONSTRAINT nothing_leaves_unapproved CHECK (NOT needs_approval OR approved_at IS NOT NULL OR state IN ('accepted', 'queued', 'cancelled', 'expired', 'refused'));

ALTER TABLE meters
  ADD COLUMN test_bench      boolean NOT NULL DEFAULT false,
  ADD COLUMN being_replaced  boolean NOT NULL DEFAULT false,  -- nothing is ordered and no money taken for it meanwhile
  ADD COLUMN replaced_by     text REFERENCES meters;          -- it hangs here no more, whatever the site file says

-- A mode that was switched at the meter is the books' to tell; null: the site file's.
ALTER TABLE accounts ADD COLUMN switched_at timestamptz;

CREATE TABLE replacements (
  id             uuid PRIMARY KEY,
  old_meter      text NOT NULL REFERENCES meters,
  new_meter      text NOT NULL REFERENCES meters,
  account        text REFERENCES accounts,
  mode           text CHECK (mode IN ('local', 'remote')),
  step           text NOT NULL CHECK (step IN ('begun', 'old-read', 'new-read', 'moved', 'done', 'abandoned')),
  waiting_for    text,
  given          jsonb,          -- the last readings as a person gave them
  final          jsonb,          -- the last readings of the old meter
  begin          jsonb,          -- the first readings of the new one
  carried        bigint,         -- fen that go on to the new wallet; null before the money moved
  command        uuid REFERENCES commands,
  asked_by_name  text NOT NULL,
  reason         text NOT NULL,
  created_at     timestamptz NOT NULL,
  moved_at       timestamptz,
  ended_at       timestamptz,
  CHECK (old_meter <> new_meter)
);
CREATE UNIQUE INDEX one_replacement_of_a_meter ON replacements (old_meter) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX one_replacement_by_a_meter ON replacements (new_meter) WHERE ended_at IS NULL;

-- Said again, because columns came; and replacements, which move an account and its money.
SELECT set_config('fee_control.actor', 'migration 0006-two-persons-and-new-meters', true);
SELECT fee_control_audit('accounts', 'account', '{account}');
SELECT fee_control_audit('meters', 'meter', '{address}', '{relay_word,relay_at,identity_at}');
SELECT fee_control_audit('commands', 'command', '{id}', '{waiting_for,fence,looks,look_at,line_fencing}', '{params}');
SELECT fee_control_audit('replacements', 'replacement', '{id}', '{waiting_for}');
