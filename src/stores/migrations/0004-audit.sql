-- Who changed what, when, from what to what, and why: written by the database itself, in the transaction that changes it.
-- Why: what code has to remember, code can forget. A row that is changed by anybody, by whatever door, leaves its trace here,
-- and a chain of hashes over the traces tells whether somebody changed those.

CREATE TABLE audit_rows (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- has gaps: a transaction that fails takes its number along
  at       timestamptz NOT NULL DEFAULT clock_timestamp(),   -- the database's clock; the house's own moments stand in "after"
  who      text NOT NULL,
  what     text NOT NULL CHECK (what ~ '^[a-z]+\.[a-z]+$'),
  subject  text NOT NULL,             -- "payment/…", "command/…", "meter/…": one thing, one name
  before   jsonb,                     -- of a change only the columns that changed
  after    jsonb,
  because  text
);
CREATE INDEX audit_rows_by_subject ON audit_rows (subject, id);

-- Committed, and not in the chain yet. Money must not queue behind the head of one chain, so one sealer chains them a moment later.
CREATE TABLE audit_waiting (audit_row bigint NOT NULL);
CREATE TABLE audit_chain (
  sequence   bigint PRIMARY KEY,      -- from 1, without gaps
  audit_row  bigint NOT NULL UNIQUE,
  previous   bytea NOT NULL,
  hash       bytea NOT NULL           -- SHA-256 over previous, sequence and row: see audit_hash
);

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit is never changed or deleted';
END $$;
CREATE TRIGGER rows_append_only BEFORE UPDATE OR DELETE ON audit_rows FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER rows_kept BEFORE TRUNCATE ON audit_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER chain_append_only BEFORE UPDATE OR DELETE ON audit_chain FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER chain_kept BEFORE TRUNCATE ON audit_chain FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- ---- writing

-- What a transaction, or else a connection, has said of itself; whoever came past the gateway is known by the database's name for him.
CREATE FUNCTION audit_who() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(nullif(current_setting('fee_control.actor', true), ''), 'database ' || session_user)
$$;

-- A row as the audit keeps it: without what does not count, and of what is long only its digest.
CREATE FUNCTION audit_state(given jsonb, ignored text[], hashed text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  state jsonb := given - ignored;
  name text;
BEGIN
  FOREACH name IN ARRAY hashed LOOP
    state := state || jsonb_build_object(name, encode(sha256(convert_to((given -> name)::text, 'UTF8')), 'hex'));
  END LOOP;
  RETURN state;
END $$;

-- Arguments: subject, key columns, columns left out, columns kept as digests.
-- The zone is fixed, because moments are written out here: the same row has to look the same to whoever writes it. Said once in a
-- transaction, and by nobody of the house, whose connections live in it: every payment comes by here a dozen times.
CREATE FUNCTION audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  zone text := CASE WHEN current_setting('TimeZone') <> 'UTC' THEN set_config('TimeZone', 'UTC', true) END;
  keys text[] := TG_ARGV[1];
  was jsonb := CASE WHEN TG_OP <> 'INSERT' THEN CASE WHEN TG_ARGV[3] = '{}' THEN to_jsonb(OLD) - TG_ARGV[2]::text[] ELSE audit_state(to_jsonb(OLD), TG_ARGV[2]::text[], TG_ARGV[3]::text[]) END END;
  now_is jsonb := CASE WHEN TG_OP <> 'DELETE' THEN CASE WHEN TG_ARGV[3] = '{}' THEN to_jsonb(NEW) - TG_ARGV[2]::text[] ELSE audit_state(to_jsonb(NEW), TG_ARGV[2]::text[], TG_ARGV[3]::text[]) END END;
  whole jsonb := coalesce(now_is, was);
  what text := TG_ARGV[0] || CASE TG_OP WHEN 'INSERT' THEN '.added' WHEN 'UPDATE' THEN '.changed' ELSE '.removed' END;
  subject text := concat_ws('/', TG_ARGV[0], whole ->> keys[1], whole ->> keys[2], whole ->> keys[3]);
  why text := coalesce(nullif(current_setting('fee_control.because', true), ''), whole ->> 'because', whole ->> 'reason', whole ->> 'note');
BEGIN
  IF TG_OP = 'UPDATE' THEN
    SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, now_is -> o.key) INTO was, now_is
      FROM jsonb_each(was) o WHERE now_is -> o.key IS DISTINCT FROM o.value;
    IF now_is IS NULL THEN RETURN NULL; END IF;
  END IF;
  -- words that people look for
  IF TG_TABLE_NAME = 'payments' AND TG_OP = 'INSERT' THEN what := 'payment.taken';
  ELSIF TG_TABLE_NAME = 'commands' AND TG_OP = 'INSERT' THEN what := 'command.accepted';
  ELSIF TG_TABLE_NAME = 'commands' AND TG_OP = 'UPDATE' THEN
    what := CASE
      WHEN was ->> 'state' = 'disputed' THEN 'command.resolved'
      WHEN now_is ->> 'state' = 'cancelled' THEN 'command.cancelled'
      WHEN now_is ->> 'state' = 'sending' THEN 'command.sent'
      WHEN now_is ? 'ended_at' THEN 'command.ended'
      ELSE what END;
  ELSIF TG_TABLE_NAME = 'meters' AND TG_OP = 'UPDATE' THEN
    what := CASE
      WHEN now_is ?| '{identity,identity_note}' THEN 'meter.identity'
      WHEN now_is ?| '{relay_reported,relay_desired,relay_protected,cut_by}' THEN 'relay.changed'
      ELSE 'meter.book' END;
  ELSIF TG_TABLE_NAME = 'meters' AND TG_OP = 'INSERT' THEN what := 'meter.book';
  ELSIF TG_TABLE_NAME = 'attempts' AND TG_OP = 'INSERT' THEN what := 'attempt.begun';
  END IF;
  WITH noted AS (
    INSERT INTO audit_rows (who, what, subject, before, after, because) VALUES (audit_who(), what, subject, was, now_is, why) RETURNING id)
  INSERT INTO audit_waiting SELECT id FROM noted;
  RETURN NULL;
END $$;

-- TRUNCATE knows no rows: that it happened is noted, and each row that is missing since is told by whoever verifies.
CREATE FUNCTION audit_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  WITH noted AS (INSERT INTO audit_rows (who, what, subject) VALUES (audit_who(), 'table.emptied', 'table/' || TG_TABLE_NAME) RETURNING id)
  INSERT INTO audit_waiting SELECT id FROM noted;
  RETURN NULL;
END $$;

-- An entry with its legs is one fact, so it is one row, with the positions that it moved.
CREATE VIEW audit_ledger AS
  SELECT e.*, (SELECT jsonb_object_agg(l.book, l.amount) FROM ledger_legs l WHERE l.entry = e.id) AS legs FROM ledger_entries e;

CREATE FUNCTION audit_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('TimeZone') <> 'UTC' THEN PERFORM set_config('TimeZone', 'UTC', true); END IF;
  WITH moved AS (
    SELECT f.entry, jsonb_object_agg(p.book, p.amount) AS now_is, jsonb_object_agg(p.book, p.amount - f.amount) AS was
      FROM fresh f JOIN ledger_positions p ON p.book = f.book GROUP BY f.entry),
  noted AS (
    INSERT INTO audit_rows (who, what, subject, before, after, because)
    SELECT audit_who(), 'ledger.entry', 'entry/' || v.id, jsonb_build_object('positions', moved.was),
           to_jsonb(v) || jsonb_build_object('positions', moved.now_is), v.note
      FROM audit_ledger v LEFT JOIN moved ON moved.entry = v.id WHERE v.id IN (SELECT entry FROM fresh) ORDER BY v.id
    RETURNING id)
  INSERT INTO audit_waiting SELECT id FROM noted;
  RETURN NULL;
END $$;
CREATE TRIGGER audit_emptied AFTER TRUNCATE ON ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION audit_emptied();
CREATE TRIGGER audit_entries AFTER INSERT ON ledger_legs REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION audit_entries();

-- ---- which tables

CREATE TABLE audited_tables (
  name     text PRIMARY KEY,
  subject  text NOT NULL UNIQUE,
  key      text[] NOT NULL,
  ignored  text[] NOT NULL,
  hashed   text[] NOT NULL
);

CREATE AGGREGATE audit_merged (jsonb) (SFUNC = jsonb_concat, STYPE = jsonb, INITCOND = '{}');

-- What the audit says a thing is now; null when it never heard of it, or heard that it is gone.
CREATE FUNCTION audit_known(asked text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN (array_agg(after ORDER BY id DESC))[1] IS NOT NULL THEN audit_merged(after ORDER BY id) FILTER (WHERE after IS NOT NULL) END
    FROM audit_rows WHERE subject = asked
$$;

-- What is there and is not known yet is noted as the beginning: of a table all its rows, of a column that came later only the column.
CREATE FUNCTION audit_beginning(target text) RETURNS void LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
  t audited_tables := (SELECT a FROM audited_tables a WHERE a.name = target);
  is_new boolean := NOT EXISTS (SELECT 1 FROM audit_rows WHERE starts_with(subject, t.subject || '/'));
BEGIN
  EXECUTE format($sql$
    WITH here AS (
      SELECT concat_ws('/', %L, s ->> %L, s ->> %L, s ->> %L) AS subject, s AS state
        FROM %I x, LATERAL (SELECT audit_state(to_jsonb(x), %L, %L) AS s) y),
    unknown AS (
      SELECT h.subject, CASE WHEN %L THEN h.state ELSE h.state - ARRAY(SELECT jsonb_object_keys(audit_known(h.subject))) END AS state
        FROM here h WHERE %L OR audit_known(h.subject) IS NOT NULL),
    noted AS (
      INSERT INTO audit_rows (who, what, subject, after) SELECT audit_who(), 'audit.started', subject, state FROM unknown
       WHERE state <> '{}' ORDER BY subject RETURNING id)
    INSERT INTO audit_waiting SELECT id FROM noted$sql$,
    t.subject, t.key[1], t.key[2], t.key[3], t.name, t.ignored, t.hashed, is_new, is_new);
END $$;

-- One line per table, in the migration that makes it: SELECT fee_control_audit('refunds', 'refund', '{id}');
-- A migration that adds a column says the same line again.
CREATE FUNCTION fee_control_audit(target text, subject text, key text[], ignored text[] DEFAULT '{}', hashed text[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  arguments text := format('%L, %L, %L, %L', subject, key, ignored, hashed);
  differs text := (SELECT string_agg(format('OLD.%1$I IS DISTINCT FROM NEW.%1$I', attname), ' OR ')
                     FROM pg_attribute WHERE attrelid = target::regclass AND attnum > 0 AND NOT attisdropped AND attname <> ALL (ignored));
BEGIN
  INSERT INTO audited_tables VALUES (target, subject, key, ignored, hashed)
    ON CONFLICT (name) DO UPDATE SET ignored = EXCLUDED.ignored, hashed = EXCLUDED.hashed;
  EXECUTE format('CREATE OR REPLACE TRIGGER audit_rows_of AFTER INSERT OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION audit_change(%s)', target, arguments);
  EXECUTE format('CREATE OR REPLACE TRIGGER audit_changes_of AFTER UPDATE ON %I FOR EACH ROW WHEN (%s) EXECUTE FUNCTION audit_change(%s)', target, differs, arguments);
  EXECUTE format('CREATE OR REPLACE TRIGGER audit_emptied AFTER TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION audit_emptied()', target);
  PERFORM audit_beginning(target);
END $$;

SELECT set_config('fee_control.actor', 'migration 0004-audit', true);
-- the list itself first: whoever takes a table or a column out of it is found like anybody else
SELECT fee_control_audit('audited_tables', 'audited', '{name}');
SELECT fee_control_audit('accounts', 'account', '{account}');
-- relay_word, relay_at, identity_at: when somebody looked, and bits of the word that are not the relay's
SELECT fee_control_audit('meters', 'meter', '{address}', '{relay_word,relay_at,identity_at}');
SELECT fee_control_audit('payments', 'payment', '{id}');
-- the rest is the worker's bookkeeping: who has it in hand, what it waits for, when it looks again. Parameters may hold a token, which is
-- money: their digest is kept, and the amount stands with payment and entry
SELECT fee_control_audit('commands', 'command', '{id}', '{waiting_for,fence,looks,look_at,line_fencing}', '{params}');
SELECT fee_control_audit('attempts', 'attempt', '{command,number}', '{fence,line_fencing}', '{frames}');
SELECT fee_control_audit('exceptions', 'exception', '{id}', '{count,last_at,alarmed_at}', '{evidence}');
SELECT fee_control_audit('meter_baselines', 'baseline', '{meter}', '{compared_at}');
INSERT INTO audited_tables VALUES ('audit_ledger', 'entry', '{id}', '{positions}', '{}');
SELECT audit_beginning('audit_ledger');

-- ---- the chain

-- Each field as its length in bytes, a colon and its text; a dash where there is none. Written so that anybody can write it again.
CREATE FUNCTION audit_field(given text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN given IS NULL THEN '-' ELSE octet_length(given) || ':' || given END
$$;
CREATE FUNCTION audit_moment(given timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT to_char(given AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;
CREATE FUNCTION audit_hash(previous bytea, sequence bigint, r audit_rows) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(previous || convert_to(
    audit_field(sequence::text) || audit_field(r.id::text) || audit_field(audit_moment(r.at)) || audit_field(r.who) || audit_field(r.what) ||
    audit_field(r.subject) || audit_field(r.before::text) || audit_field(r.after::text) || audit_field(r.because), 'UTF8'))
$$;

-- Chains what waits, oldest number first, by the rule of audit_hash with each text made once and all links written at once; one at a time among all gateways. Impatient: answers nothing when another one is at it.
CREATE FUNCTION audit_seal(rows_max integer, patient boolean) RETURNS TABLE (sealed integer, last bigint, head bytea) LANGUAGE plpgsql AS $$
DECLARE
  gate bigint := hashtextextended('fee-control-gateway audit', 0);
  r record;
  since bigint;
  done bigint[] := '{}';
  before bytea[] := '{}';
  hashes bytea[] := '{}';
BEGIN
  IF patient THEN PERFORM pg_advisory_xact_lock(gate);
  ELSIF NOT pg_try_advisory_xact_lock(gate) THEN RETURN;
  END IF;
  SELECT c.sequence, c.hash INTO since, head FROM audit_chain c ORDER BY c.sequence DESC LIMIT 1;
  IF since IS NULL THEN
    since := 0;
    head := decode(repeat('00', 32), 'hex');
  END IF;
  FOR r IN
    SELECT t.id, convert_to(
        octet_length(t.n) || ':' || t.n || octet_length(t.i) || ':' || t.i || octet_length(t.m) || ':' || t.m || octet_length(t.who) || ':' || t.who ||
        octet_length(t.what) || ':' || t.what || octet_length(t.subject) || ':' || t.subject || coalesce(octet_length(t.b) || ':' || t.b, '-') ||
        coalesce(octet_length(t.a) || ':' || t.a, '-') || coalesce(octet_length(t.because) || ':' || t.because, '-'), 'UTF8') AS fields
      FROM (SELECT a.id, (since + row_number() OVER (ORDER BY a.id))::text AS n, a.id::text AS i, audit_moment(a.at) AS m, a.who, a.what, a.subject,
                   a.before::text AS b, a.after::text AS a, a.because
              FROM (SELECT w.audit_row FROM audit_waiting w ORDER BY w.audit_row LIMIT rows_max) w JOIN audit_rows a ON a.id = w.audit_row
            OFFSET 0) t ORDER BY t.id
  LOOP
    done := done || r.id;
    before := before || head;
    head := sha256(head || r.fields);
    hashes := hashes || head;
  END LOOP;
  INSERT INTO audit_chain SELECT since + l.place, l.audit_row, l.previous, l.hash FROM unnest(done, before, hashes) WITH ORDINALITY AS l(audit_row, previous, hash, place);
  DELETE FROM audit_waiting w WHERE w.audit_row = ANY (done);
  last := since + cardinality(done);
  sealed := cardinality(done);
  RETURN NEXT;
END $$;
