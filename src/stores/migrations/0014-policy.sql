-- The strategy of cuts as it was in force, who is exempt and until when, what customers were told, and every decision with its facts.
-- Why: whoever was cut, or was not, can be told by which rule and on which facts, years later, whatever the site file says by then.

-- A strategy that came into force for the site, a class or an account; the newest row of a scope is the one in force.
CREATE TABLE strategies (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  scope    text NOT NULL,             -- "site", "class residential", "account 1000000001"
  version  text NOT NULL,             -- digest of the rules
  rules    jsonb NOT NULL,            -- each with its value and with whose word it is
  at       timestamptz NOT NULL,
  who      text NOT NULL
);
CREATE INDEX strategies_by_scope ON strategies (scope, id);

CREATE TABLE exemptions (
  id        uuid PRIMARY KEY,
  account   text NOT NULL REFERENCES accounts,
  kind      text NOT NULL,
  begins_at timestamptz NOT NULL,
  ends_at   timestamptz NOT NULL,     -- every one has an end
  reason    text NOT NULL,
  made_by   text NOT NULL,
  ended_at  timestamptz,              -- somebody took it back before
  ended_by  text,
  reminded_at timestamptz,            -- somebody was reminded that it will end
  CHECK (ends_at > begins_at),
  CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX exemptions_by_account ON exemptions (account, id);
CREATE INDEX exemptions_standing ON exemptions (account) WHERE ended_at IS NULL;
CREATE INDEX exemptions_ending ON exemptions (ends_at) WHERE ended_at IS NULL;

-- What customers were told. Whoever sends notices writes here; the rules read.
CREATE TABLE notices (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account    text NOT NULL REFERENCES accounts,
  at         timestamptz NOT NULL,
  stage      text NOT NULL,
  delivered  timestamptz,             -- null: it did not arrive, or nobody knows yet
  available  bigint NOT NULL          -- fen: the balance that it told
);
CREATE INDEX notices_by_account ON notices (account, id);
CREATE INDEX notices_of_cuts ON notices (account, id) WHERE stage = 'notice-due' AND delivered IS NOT NULL;

CREATE TABLE decisions (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  meter     text NOT NULL REFERENCES meters,
  account   text NOT NULL REFERENCES accounts,
  at        timestamptz NOT NULL,
  stage     text NOT NULL,
  want      text NOT NULL,
  because   text NOT NULL,
  blocks    text[] NOT NULL,          -- every reason why nobody was cut then
  next_at   timestamptz,
  strategy  text NOT NULL,            -- version
  shadow    boolean NOT NULL,
  facts     jsonb NOT NULL,
  command   uuid REFERENCES commands
);
CREATE INDEX decisions_by_account ON decisions (account, id);

-- The last of them for each meter, so that a look compares and writes nothing.
CREATE TABLE standings (
  meter          text PRIMARY KEY REFERENCES meters,
  account        text NOT NULL REFERENCES accounts,
  stage          text NOT NULL,
  want           text NOT NULL,
  because        text NOT NULL,
  strategy       text NOT NULL,
  since          timestamptz NOT NULL,
  arrears_since  timestamptz          -- since when a cut would be due by the balance alone
);

SELECT set_config('fee_control.actor', 'migration 0014-policy', true);
SELECT fee_control_audit('strategies', 'strategy', '{id}', '{}', '{rules}');
SELECT fee_control_audit('exemptions', 'exemption', '{id}');
SELECT fee_control_audit('notices', 'notice', '{id}');
