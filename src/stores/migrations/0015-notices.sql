-- What became of each notice, and every try to deliver it.
-- Why: nobody may be cut whom nobody told, so it has to be known of each notice who took it, when, and why others did not; and a notice
-- that is on its way when the gateway dies must neither be lost nor count twice.

ALTER TABLE notices
  ADD COLUMN notice      uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT notices_notice UNIQUE,  -- its name outside, the same for every try
  ADD COLUMN meter       text REFERENCES meters,
  ADD COLUMN state       text NOT NULL DEFAULT 'delivered' CHECK (state IN ('waiting', 'delivered', 'failed', 'cancelled')),
  ADD COLUMN because     text,           -- why it was cancelled or failed
  ADD COLUMN channel     text,           -- that took it
  ADD COLUMN details     jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN once        text,           -- said once to an account for ever: an outage
  ADD COLUMN said        jsonb,          -- language, subject, text, as it was sent last; nobody's number or address
  ADD COLUMN not_after   timestamptz,    -- not worth telling afterwards
  ADD COLUMN next_at     timestamptz,    -- when the courier looks at it; null: no more
  ADD COLUMN taken_until timestamptz,    -- a courier has it in hand
  ADD COLUMN tries_from  timestamptz,    -- what channels said before does not count
  ADD COLUMN tries       integer NOT NULL DEFAULT 0;
UPDATE notices SET state = 'cancelled', because = 'before-channels' WHERE delivered IS NULL;
ALTER TABLE notices ADD CONSTRAINT notices_delivered CHECK ((state = 'delivered') = (delivered IS NOT NULL));

CREATE UNIQUE INDEX notices_said_once ON notices (account, once);
CREATE INDEX notices_by_once ON notices (once) WHERE once IS NOT NULL;
CREATE INDEX notices_waiting ON notices (next_at) WHERE state = 'waiting';
CREATE INDEX notices_open ON notices (state, id) WHERE state IN ('waiting', 'failed');
CREATE INDEX standings_before_a_notice ON standings (meter) WHERE stage = 'notice-due';

CREATE TABLE notice_attempts (
  notice   uuid NOT NULL REFERENCES notices (notice),
  number   integer NOT NULL,
  at       timestamptz NOT NULL,
  channel  text NOT NULL,
  outcome  text NOT NULL CHECK (outcome IN ('begun', 'delivered', 'later', 'never')),
  words    text,
  PRIMARY KEY (notice, number)
);

-- Said again, because columns came; what only keeps couriers apart is no change, and of the words a digest proves enough.
SELECT set_config('fee_control.actor', 'migration 0015-notices', true);
SELECT fee_control_audit('notices', 'notice', '{id}', '{next_at,taken_until,tries,tries_from}', '{said}');
