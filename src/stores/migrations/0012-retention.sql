-- Readings by month, so that a day is looked for in one or two tables and not in years; and what was done of thinning old rows.
-- Why: a million readings a day are three hundred and sixty-five millions a year, and nobody reads the night of three years ago quarter by quarter.

-- No reference to meters: a month is made while money moves, and a reference would have to lock the meters for it. A believed reading
-- stands in latest_readings as well, which has one; a suspect one is judged against a believed one.
-- One index does for order, for the pages of one item and for the key that replication asks for.
ALTER TABLE readings RENAME TO readings_before;
ALTER TABLE readings_before DROP CONSTRAINT readings_pkey, DROP CONSTRAINT readings_meter_fkey, ALTER id DROP IDENTITY;
DROP INDEX readings_by_meter;
CREATE SEQUENCE readings_numbers; -- not an identity: those of partitioned tables begin with PostgreSQL 17
CREATE TABLE readings (
  id        bigint NOT NULL DEFAULT nextval('readings_numbers'),
  meter     text NOT NULL,
  item      text NOT NULL,
  value     text,
  unit      text,
  taken_at  timestamptz NOT NULL,
  source    text NOT NULL,
  suspect   text,                     -- why this reading cannot be believed; such a reading charges nobody
  PRIMARY KEY (meter, item, taken_at, id)
) PARTITION BY RANGE (taken_at);
ALTER SEQUENCE readings_numbers OWNED BY readings.id;
-- For a day of all meters: rows lie on disk as they came, and this index is a thousandth of another.
CREATE INDEX readings_by_time ON readings USING brin (taken_at) WITH (pages_per_range = 32);
-- What is of no month that was made yet: nothing is lost where nobody made one, or where a clock stands wrong.
CREATE TABLE readings_beside PARTITION OF readings DEFAULT;

-- Makes the month (of UTC) in which this moment lies, with what of it stands beside; answers how many rows those were. All of it in the
-- caller's transaction: rows are moved first, which bars nobody, and only then the table beside is locked, for what came meanwhile.
CREATE FUNCTION readings_month(wanted timestamptz) RETURNS bigint LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
  first timestamptz := date_trunc('month', wanted);
  after timestamptz := first + interval '1 month';
  part text := 'readings_' || to_char(first, 'YYYY_MM');
  move text := format('WITH gone AS (DELETE FROM readings_beside WHERE taken_at >= %L AND taken_at < %L RETURNING *) INSERT INTO %I SELECT * FROM gone', first, after, part);
  moved bigint;
  late bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('fee-control-gateway months', 0));
  IF to_regclass(quote_ident(part)) IS NOT NULL THEN RETURN 0; END IF;
  -- the check saves a look at every row while others wait
  EXECUTE format('CREATE TABLE %I (LIKE readings INCLUDING ALL, CONSTRAINT bounds CHECK (taken_at >= %L AND taken_at < %L))', part, first, after);
  EXECUTE move;
  GET DIAGNOSTICS moved = ROW_COUNT;
  LOCK TABLE readings_beside IN ACCESS EXCLUSIVE MODE;
  EXECUTE move;
  GET DIAGNOSTICS late = ROW_COUNT;
  EXECUTE format('ALTER TABLE readings ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, first, after);
  EXECUTE format('ALTER TABLE %I DROP CONSTRAINT bounds', part);
  RETURN moved + late;
END $$;

SELECT readings_month(m) FROM (SELECT DISTINCT date_trunc('month', taken_at, 'UTC') AS m FROM readings_before
   WHERE taken_at BETWEEN now() - interval '20 years' AND now() + interval '3 months') months ORDER BY m;
SELECT readings_month(now() + n * interval '1 month') FROM generate_series(0, 3) n;
INSERT INTO readings (id, meter, item, value, unit, taken_at, source, suspect)
  SELECT id, meter, item, value, unit, taken_at, source, suspect FROM readings_before ORDER BY id;
SELECT setval('readings_numbers', coalesce((SELECT max(id) FROM readings_before), 0) + 1, false);
DROP TABLE readings_before;

-- Written over with every reading: the new row finds room beside the old one.
ALTER TABLE latest_readings SET (fillfactor = 70);

-- When the frames of this attempt were thinned; null: they are as they were.
ALTER TABLE attempts ADD COLUMN thinned_at timestamptz;
CREATE INDEX attempts_by_time ON attempts USING brin (at);
CREATE INDEX intents_by_time ON intents USING brin (at);

-- Up to which moment each kind of rows has been thinned, day by day.
CREATE TABLE retention (
  what     text PRIMARY KEY,
  done_to  timestamptz NOT NULL,
  at       timestamptz NOT NULL
);

-- The readings that an exception rests on, by its evidence: moments there are milliseconds, or text.
CREATE FUNCTION readings_named(of_meters text[]) RETURNS TABLE (meter text, item text, taken_at timestamptz) LANGUAGE sql STABLE AS $$
  SELECT e.meter, n ->> 'item',
         CASE jsonb_typeof(n -> 'takenAt')
           WHEN 'number' THEN timestamptz 'epoch' + (n ->> 'takenAt')::float8 * interval '1 millisecond'
           WHEN 'string' THEN CASE WHEN n ->> 'takenAt' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d' THEN (n ->> 'takenAt')::timestamptz END END
    FROM exceptions e, jsonb_array_elements(CASE jsonb_typeof(e.evidence -> 'readings') WHEN 'array' THEN e.evidence -> 'readings' ELSE '[]' END) n
   WHERE e.meter = ANY (of_meters)
$$;
CREATE INDEX exceptions_by_meter ON exceptions (meter) WHERE meter IS NOT NULL;

SELECT set_config('fee_control.actor', 'migration 0012-retention', true);
SELECT fee_control_audit('attempts', 'attempt', '{command,number}', '{fence,line_fencing}', '{frames}'); -- said again, because a column came
