-- What each meter owes each day and what has come of it; its clock, its own records, its hours.
-- Why: a reading that nobody asked for is missed silently, so what is owed is written down at its midnight, before anybody is asked.

CREATE TABLE collection_meters (
  meter      text PRIMARY KEY REFERENCES meters,
  since      date NOT NULL,           -- the first midnight after it came
  opened_to  date NOT NULL,           -- days up to this one are opened
  clock_on   date,                    -- when its clock was last looked at
  ahead_ms   bigint,                  -- and by how much it was ahead; null: never read
  events_on  date,
  lacks      jsonb NOT NULL DEFAULT '{}'  -- what it has said it has not, and when it is asked again
);

CREATE TABLE collection_days (
  meter      text NOT NULL REFERENCES meters,
  day        date NOT NULL,           -- named by the midnight with which it begins
  state      text NOT NULL CHECK (state IN ('due', 'missing', 'collected', 'given-up')),
  how        text CHECK (how IN ('freeze', 'reading', 'person')),
  because    text,                    -- why it is not there
  taken_at   timestamptz,             -- the moment of what it was collected by
  come_at    timestamptz,
  asked_at   timestamptz,             -- when it was last asked for in vain
  PRIMARY KEY (meter, day),
  CHECK ((state = 'collected') = (how IS NOT NULL) AND (state = 'collected') = (come_at IS NOT NULL))
);
CREATE INDEX collection_days_by_day ON collection_days (day);
CREATE INDEX collection_days_open ON collection_days (meter, day) WHERE state IN ('due', 'missing');
CREATE INDEX collection_days_gaps ON collection_days (day DESC, meter) WHERE state IN ('missing', 'given-up');

CREATE TABLE meter_clocks (
  meter     text NOT NULL REFERENCES meters,
  at        timestamptz NOT NULL,
  ahead_ms  bigint NOT NULL,
  verdict   text NOT NULL CHECK (verdict IN ('right', 'noted', 'off', 'lost')),
  PRIMARY KEY (meter, at)
);

CREATE TABLE meter_event_counts (
  meter  text NOT NULL REFERENCES meters,
  kind   text NOT NULL,
  count  integer NOT NULL,
  PRIMARY KEY (meter, kind)
);

-- Kept as the meter told them; never changed.
CREATE TABLE meter_events (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  meter     text NOT NULL REFERENCES meters,
  kind      text NOT NULL,
  number    integer NOT NULL,         -- which of its kind, as the meter counts
  at        timestamptz,              -- by the meter's clock; null: its digits are no date
  until     timestamptz,
  operator  text,
  ours      boolean,                  -- ordered by this gateway; null: the record does not say by whom
  fields    jsonb NOT NULL,
  read_at   timestamptz NOT NULL
);
CREATE UNIQUE INDEX meter_events_once ON meter_events (meter, kind, number, coalesce(at, '-infinity'));
CREATE INDEX meter_events_by_meter ON meter_events (meter, id);

CREATE TABLE meter_hours (
  meter     text NOT NULL REFERENCES meters,
  at        timestamptz NOT NULL,
  imported  numeric,
  exported  numeric,
  PRIMARY KEY (meter, at)
);
